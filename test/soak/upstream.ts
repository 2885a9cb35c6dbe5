import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { reset } from '../fixtures/chaos-proxy.ts'
import { OPCODE } from '../fixtures/wire/frames.ts'
import { acceptFor, readHead } from '../fixtures/wire/raw-http.ts'
import type { Head } from '../fixtures/wire/raw-http.ts'
import { End, newTape } from './end.ts'
import type { Tape } from './end.ts'
import { sendIllegal } from './illegal.ts'
import { attemptOf } from './request.ts'
import type { Plan, UpstreamFault } from './plan.ts'
import { createRandom } from './random.ts'
import type { Random } from './random.ts'

export interface SoakUpstream {
  readonly port: number
  /** The attempts whose connections are open now; `undefined` for what no client asked for: warm sockets and probes. */
  open (): (number | undefined)[]
  /** Listens no more and cuts every connection. */
  close (): Promise<void>
}

const deaf = 7_000

// A drip a moment longer than any client waits; not the whole answer.
const dripped = 40

export interface Attempt {
  readonly plan: Plan
  /** The upstream's tapes, one for each connection. */
  readonly upstream: Tape[]
}

/**
 * A provider on a free port that plays the upstream of each plan.
 * @param attemptFor what is known of an attempt; `undefined` for one that nobody made
 * @param limit the largest message that the gateway takes
 */
export async function startUpstream (attemptFor: (id: number) => Attempt | undefined, limit: number): Promise<SoakUpstream> {
  const sockets = new Map<Socket, number | undefined>()
  let anonymous = 0
  const server = createServer({ allowHalfOpen: true, noDelay: true }, socket => {
    sockets.set(socket, undefined)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    readHead(socket, 10_000).then(async head => {
      const id = attemptOf(head.line)
      sockets.set(socket, id)
      if (id === undefined) return await serveAnybody(socket, head, createRandom(5, anonymous++))
      const attempt = attemptFor(id)
      if (attempt === undefined) throw new Error(`nobody made this attempt: ${head.line}`)
      // Nothing will tell this upstream that the gateway has gone; from every other the gateway parts by itself.
      if (attempt.plan.faults.upstreamWire?.how === 'swallow') socket.setTimeout(deaf, () => socket.destroy())
      await serve(socket, head, attempt, limit)
    }).catch(() => socket.destroy())
  })
  server.listen({ port: 0, host: '127.0.0.1', backlog: 1024 })
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    open: () => [...sockets.values()],
    async close () {
      for (const socket of sockets.keys()) socket.destroy()
      server.close()
      await once(server, 'close')
    }
  }
}

/** A connection of which nobody knows yet who will have it, if anybody. */
async function serveAnybody (socket: Socket, head: Head, random: Random): Promise<void> {
  const way = random.weighted({ well: 12, hang: 1, reset: 1, close: 2, abort: 2, unresponsive: 1 })
  if (way === 'hang') return await heed(socket)
  if (way === 'reset') return reset(socket)
  socket.write(switching(head))
  const end = new End(socket, head.rest, { role: 'upstream', tape: newTape() })
  end.say({ type: 'session.created', session: { id: 'sess_anybody' } })
  if (way === 'well') return
  await end.pause(random.spread(1, 5_000))
  if (way === 'unresponsive') end.unresponsive = end.stubborn = true
  else if (way === 'close') end.close(random.pick([undefined, 1000, 1001, 1011]))
  else if (random.chance(0.5)) reset(socket)
  else socket.end()
}

function switching ({ headers }: Head, accept = acceptFor(headers.get('sec-websocket-key')!)): string {
  return `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`
}

async function serve (socket: Socket, head: Head, { plan, upstream }: Attempt, limit: number): Promise<void> {
  const fault = plan.faults.upstream
  if (head.line.includes('model=gpt-slow')) await sleep(plan.slowMs)
  // The gateway may have called it off meanwhile, which is not said twice.
  if (socket.readableEnded) {
    socket.destroy()
    return
  }
  switch (fault?.kind) {
    case 'hang': return await heed(socket)
    case 'reset': reset(socket); return
    case 'end': return await heed(socket, '')
    case 'garbage': return await heed(socket, 'SSH-2.0-OpenSSH_9.2\r\n\r\n')
    case 'bad-accept': return await heed(socket, switching(head, 'bm90IHRoZSBhY2NlcHQga2V5'))
    case 'status': return await heed(socket, `HTTP/1.1 ${fault.status} Answer\r\nContent-Length: 2\r\nRetry-After: 7\r\nLocation: /elsewhere\r\n\r\nno`)
    case 'drip':
      for (const byte of switching(head).slice(0, dripped)) {
        if (!socket.writable) break
        socket.write(byte)
        await sleep(150)
      }
      return await heed(socket)
  }
  socket.write(switching(head))
  if (fault?.kind === 'silent') return await heed(socket)
  const tape = newTape()
  upstream.push(tape)
  await converse(new End(socket, head.rest, { role: 'upstream', tape }), plan, fault, limit)
}

/** Sends `answer` and a FIN, or nothing, and waits for the peer to leave. */
async function heed (socket: Socket, answer?: string): Promise<void> {
  if (answer !== undefined) socket.end(answer)
  socket.resume()
  if (!socket.readableEnded && !socket.closed) await Promise.race([once(socket, 'end'), once(socket, 'close')])
  socket.destroy()
}

async function converse (end: End, plan: Plan, fault: UpstreamFault | undefined, limit: number): Promise<void> {
  if (fault?.kind === 'error-first') {
    end.frame(OPCODE.text, JSON.stringify({ type: 'error', error: { type: 'server_error', code: fault.code, message: 'no' } }))
    return
  }
  if (fault?.kind === 'close-first') {
    end.close(fault.code)
    return
  }
  end.say({ type: 'session.created', session: { id: `sess_${plan.id}` } })
  end.onOwn = text => {
    if (text.startsWith('{"type":"response.cancel"}') && fault?.kind !== 'keeps-response') end.frame(OPCODE.text, '{"type":"response.done"}')
  }
  if (plan.response !== 'none') end.say({ type: 'response.created' })
  if (fault?.kind === 'unresponsive') end.unresponsive = end.stubborn = true
  if (fault?.kind === 'no-close-answer') end.stubborn = true
  if (fault?.kind === 'slow') {
    end.socket.pause()
    await end.pause(fault.ms)
    end.socket.resume()
  }
  const turns = fault?.kind === 'close' || fault?.kind === 'abort' || fault?.kind === 'illegal' || fault?.kind === 'too-large'
  await end.speak(plan.down, 'response.output_audio.delta', turns ? Math.floor(plan.down.length * plan.turn) : undefined)
  switch (fault?.kind) {
    case 'close': end.close(fault.code); return
    case 'abort':
      if (fault.how === 'rst') reset(end.socket)
      else end.socket.end()
      return
    case 'illegal': sendIllegal(end, fault.what, false); return
    case 'too-large': {
      const header = Buffer.from([0x82, 127, 0, 0, 0, 0, 0, 0, 0, 0])
      header.writeUInt32BE(limit + 1, 6)
      end.socket.write(header)
      return
    }
    case 'unresponsive': return
  }
  if (plan.response === 'whole') end.say({ type: 'response.done' })
  if (plan.closer === 'client') return
  await end.heard(plan.up.length)
  end.close(1000)
}
