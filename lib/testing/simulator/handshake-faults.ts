import { createHash } from 'node:crypto'
import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import type { SimulatorFault } from './faults.ts'
import type { LiveConnection } from './live-connection.ts'

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

/** Answers an upgrade with a plain HTTP response and closes. */
export function refuse (socket: Duplex, status: number, body: string, headers: Readonly<Record<string, string>> = {}): void {
  const fields = { 'Content-Type': 'application/json', 'Content-Length': String(Buffer.byteLength(body)), Connection: 'close', ...headers }
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`).join('')
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Unknown'}\r\n${lines}\r\n${body}`)
}

/** An OpenAI-shaped error body. */
export function errorBody (message: string, code: string, type = 'invalid_request_error'): string {
  return JSON.stringify({ error: { message, type, param: null, code } })
}

/**
 * Lets a fault happen instead of the handshake.
 * @returns the status that was answered, 0 for none, or `undefined` when the handshake goes on.
 */
export function failHandshake (faults: readonly SimulatorFault[], connection: LiveConnection): number | undefined {
  const { request, socket } = connection
  for (const fault of faults) {
    switch (fault.type) {
      case 'refuse':
        refuse(socket, fault.status, fault.body ?? errorBody('Simulated refusal.', 'simulated'), fault.headers)
        return fault.status
      case 'hang': return 0
      case 'drop':
        connection.abort(fault.how ?? 'fin')
        return 0
      case 'bad_accept':
        socket.write(switching('bm90IHRoZSBhY2NlcHQga2V5'))
        return 101
      case 'dribble': {
        const key = request.headers['sec-websocket-key'] ?? ''
        dribble(socket, switching(createHash('sha1').update(key + GUID).digest('base64')), fault.everyMs ?? 1000)
        return 101
      }
    }
  }
  return undefined
}

function switching (accept: string): string {
  return `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`
}

function dribble (socket: Duplex, text: string, everyMs: number): void {
  let at = 0
  const timer = setInterval(() => {
    socket.write(text[at++]!)
    if (at === text.length) clearInterval(timer)
  }, everyMs)
  socket.once('close', () => clearInterval(timer))
}
