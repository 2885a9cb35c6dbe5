import type { FastifyReply } from 'fastify'
import { STATUS_CODES } from 'node:http'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { GatewayError } from '../errors.ts'
import { encodeClosePayload } from '../wire/close-frame.ts'
import { encodeFrame, opcodes } from '../wire/frame.ts'
import { switchingProtocols } from '../wire/handshake.ts'
import { readingSlowly } from '../wire/read-slowly.ts'
import type { UpgradedSocket } from '../wire/upgraded-socket.ts'

/** Ends the server's timeouts for the socket, for our own clocks watch it from here on, and sends each frame at once (no Nagle). */
export function prepare (socket: Duplex): void {
  // Under injectWS there is no network, and a plain Duplex.
  if (!(socket instanceof Socket)) return
  socket.setTimeout(0)
  socket.setNoDelay(true)
}

/** Answers 101 and takes the socket over from Fastify. */
export function accept (reply: FastifyReply, { socket }: UpgradedSocket, key: string, protocol: string | undefined): void {
  reply.hijack()
  // So that request and response can be freed while the session lives.
  reply.raw.detachSocket(socket as Socket)
  socket.write(switchingProtocols(key, protocol))
  if (socket instanceof Socket) return
  // A test that awaits `injectWS` listens only after the 101. Without a network the first event would come before that.
  socket.cork()
  setImmediate(() => socket.uncork())
}

/** Tells a client that has been answered 101 why it is refused: one `error` event and the close code. */
export function refuseByEvent (socket: Duplex, error: GatewayError, closeTimeout: number): void {
  socket.write(encodeFrame(opcodes.text, Buffer.from(JSON.stringify(error.toEvent())), false))
  dismiss(socket, encodeFrame(opcodes.close, encodeClosePayload(error.closeCode, error.code), false), closeTimeout)
}

/** Refuses a client whose request does not get as far as Fastify. */
export function refuseUnrouted (socket: Duplex, error: GatewayError, closeTimeout: number): void {
  const body = JSON.stringify({ error: error.body })
  dismiss(socket, `HTTP/1.1 ${error.statusCode} ${STATUS_CODES[error.statusCode]}\r\nConnection: close\r\nRetry-After: ${error.retryAfterSeconds}\r\n` +
    `Content-Type: application/json; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`, closeTimeout)
}

/** Sends `last`, if there is any, and ends the socket. What the client still sends, its close frame for one, is read and dropped. */
export function dismiss (socket: Duplex, last: Buffer | string | undefined, closeTimeout: number): void {
  socket.on('error', () => {})
  socket.end(last)
  socket.on('data', readingSlowly(socket))
  const timer = setTimeout(() => socket.destroy(), closeTimeout)
  socket.on('close', () => clearTimeout(timer))
}

/** Refuses by HTTP: status, `Retry-After`, OpenAI-shaped body. */
export function refuseByHttp (reply: FastifyReply, error: GatewayError): FastifyReply {
  const wait = error.retryAfterSeconds
  if (wait !== undefined) reply.header('Retry-After', wait)
  if (error.code === 'upgrade_required') reply.headers({ Upgrade: 'websocket', Connection: 'Upgrade', 'Sec-WebSocket-Version': '13' })
  return reply.code(error.statusCode).send({ error: error.body })
}
