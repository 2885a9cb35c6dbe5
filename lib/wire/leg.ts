import type { Duplex } from 'node:stream'
import { encodeClosePayload, readClosePayload } from './close-frame.ts'
import { encodeFrame, opcodes } from './frame.ts'
import type { LegEvents, LegLimits, LegMessages } from './leg-events.ts'
import type { HeldBytes } from './held-bytes.ts'
import { LegSink } from './leg-sink.ts'
import { Outlet } from './outlet.ts'
import { MessageReader } from './reader.ts'
import { readingSlowly } from './read-slowly.ts'
import { failureCodes } from './read-failure.ts'
import type { ReadFailure } from './read-failure.ts'
import { isSecure, isSocket } from './socket-kind.ts'

/** A pong is left out while this much waits for the peer: RFC 6455 section 5.5.3 asks for the latest ping's pong only. */
const pongBacklog = 64 * 1024

const emptyPayload = Buffer.alloc(0)

/**
 * One WebSocket connection after its handshake. It answers pings and close frames itself and hands data frames on as
 * they came; the other leg of the session takes the very same frames, because what a client masks a server wants masked.
 */
export class Leg<Verdict = unknown> {
  /** Whether anything came from the peer since this was last set to false. */
  heard = true
  bytesIn = 0
  /** Whether its peer takes masked frames over a wire without TLS: who supplies the data must not know their masks (RFC 6455 section 10.3). */
  readonly exposed: boolean
  readonly #socket: Duplex
  readonly #masks: boolean
  readonly #outlet: Outlet
  readonly #sink: LegSink<Verdict>
  readonly #reader: MessageReader<Verdict>
  readonly #messages: LegMessages<Verdict>
  readonly #events: LegEvents
  #answered: (() => void) | undefined
  #readSlowly: ((chunk: Buffer) => void) | undefined
  #closeSent = false
  #ended = false

  /** @param peer who is at the other end. A client's frames come masked; a server's must be sent masked. */
  constructor (socket: Duplex, peer: 'client' | 'server', limits: LegLimits, messages: LegMessages<Verdict>, events: LegEvents, held?: HeldBytes) {
    this.#socket = socket
    this.#masks = peer === 'server'
    this.exposed = this.#masks && !isSecure(socket)
    this.#messages = messages
    this.#events = events
    this.#outlet = new Outlet(socket, limits.lowWaterMark, {
      // Slow is not dead: what it takes is a sign of life.
      taken: () => { this.heard = true },
      drained: () => events.drained()
    }, held)
    this.#sink = new LegSink(messages, (opcode, payload) => this.#control(opcode, payload), failure => this.fail(failure))
    this.#reader = new MessageReader(peer === 'client', limits, this.#sink, held)
  }

  /** Starts reading. `head`: bytes that came with the handshake. */
  start (head: Buffer): void {
    const socket = this.#socket
    const gone = (): void => {
      this.#outlet.close()
      this.#end(1006, '')
      this.#events.gone()
    }
    socket.on('error', () => this.#end(1006, ''))
    if (socket.closed) {
      // The socket was closed before anyone listened, so no `close` event will come.
      queueMicrotask(gone)
      return
    }
    socket.on('close', gone)
    socket.on('end', () => {
      this.#end(1006, '')
      // Both frames exchanged, or a peer that left without one: nothing more will come. A second end makes an error that nobody hears.
      if (!socket.writableEnded) socket.end()
    })
    const isOwn = isSocket(socket)
    socket.on('data', (chunk: Buffer) => {
      this.#read(chunk)
      // What another kind of stream hands on, somebody else may keep.
      if (isOwn && !this.#reader.waiting) this.#messages.spent?.(chunk)
      // It is only read for its own close frame, and the end of its socket.
      if (this.#closeSent || this.#ended) (this.#readSlowly ??= readingSlowly(socket))(chunk)
    })
    // It may have been paused until now, and the head may fill the other leg so that it is paused again.
    socket.resume()
    if (head.length > 0) this.#read(head)
  }

  #read (chunk: Buffer): void {
    this.heard = true
    this.bytesIn += chunk.length
    this.#messages.came?.(chunk.length)
    this.#reader.push(chunk)
  }

  /** Data messages that came whole. */
  get messagesIn (): number {
    return this.#sink.count
  }

  /** Bytes of the message that has not come whole yet. */
  get unfinished (): number {
    return this.#reader.unfinished
  }

  /** Bytes accepted for the peer that the system has not taken. */
  get backlog (): number {
    return this.#outlet.backlog
  }

  /** Whether reading is paused. */
  get paused (): boolean {
    return this.#socket.isPaused()
  }

  get open (): boolean {
    return !this.#closeSent && !this.#ended
  }

  /** Whether what is written still goes out. To a peer that broke a rule it does, until `reject` has told it. */
  get writable (): boolean {
    return !this.#closeSent && !this.#socket.destroyed && !this.#socket.writableEnded
  }

  pause (): void {
    this.#socket.pause()
  }

  /** Hands nothing more on until `proceed`, not even of what has come already. */
  wait (): void {
    this.#reader.wait()
  }

  proceed (): void {
    this.#reader.proceed()
  }

  resume (): void {
    this.#socket.resume()
  }

  /** Sends whole frames that the other leg received. Nothing is sent once a close frame was. */
  write (frames: Buffer): void {
    if (!this.writable) return
    this.#outlet.write(frames)
  }

  /** Takes a chunk that the other leg has read to its end, see `LegMessages.spent`. */
  spend (chunk: Buffer): void {
    this.#outlet.spend(chunk)
  }

  /** From now on `drained` is told, once, when the backlog is below the low-water mark. */
  awaitDrain (): void {
    this.#outlet.awaitDrain()
  }

  /** Sends an event of our own. */
  send (text: string): void {
    this.write(this.frame(Buffer.from(text)))
  }

  /** A message as the frame that this peer takes. */
  frame (payload: Buffer, binary = false): Buffer {
    return encodeFrame(binary ? opcodes.binary : opcodes.text, payload, this.#masks)
  }

  ping (): void {
    this.write(encodeFrame(opcodes.ping, emptyPayload, this.#masks))
  }

  /** Sends a close frame behind all that waits. Again: does nothing. `undefined`: a close frame without a code. */
  close (code: number | undefined, reason: string): void {
    if (this.#closeSent || this.#socket.destroyed) return
    this.write(encodeFrame(opcodes.close, encodeClosePayload(code, reason), this.#masks))
    this.#closeSent = true
    // The peer's close frame has to be read, and the socket may be paused.
    if (this.#ended) this.#socket.end()
    else this.#socket.resume()
  }

  /** Closes with the code for the rule that the peer broke. */
  reject (failure: ReadFailure): void {
    this.close(failureCodes[failure], failure)
  }

  /**
   * Calls `then` once the peer has read all that it was sent and its answers have come: it is pinged, and its pong stands behind them. At the
   * latest after `patience` milliseconds, or when the peer is gone.
   */
  settle (then: () => void, patience: number): void {
    if (!this.open) {
      then()
      return
    }
    const timer = setTimeout(() => this.#answered?.(), patience)
    this.#answered = () => {
      clearTimeout(timer)
      this.#answered = undefined
      then()
    }
    this.ping()
  }

  /** Cuts the connection at once. */
  destroy (): void {
    this.#reader.stop()
    this.#socket.destroy()
  }

  #control (opcode: number, payload: Buffer): void {
    if (opcode === opcodes.close) {
      const close = readClosePayload(payload)
      if (typeof close === 'string') {
        this.fail(close)
        return
      }
      this.#end(close.code, close.reason)
      this.close(close.code === 1005 ? undefined : close.code, close.reason)
      this.#socket.end()
    } else {
      if (opcode === opcodes.pong) {
        this.#answered?.()
      } else if (this.writable && this.backlog < pongBacklog) {
        this.write(encodeFrame(opcodes.pong, payload, this.#masks))
      }
      this.#events.control()
    }
  }

  /** The peer broke a rule: it is heard no further. */
  fail (failure: ReadFailure): void {
    this.#end(1006, '', failure)
  }

  #end (code: number, reason: string, failure?: ReadFailure): void {
    if (this.#ended) return
    this.#ended = true
    this.#answered?.()
    this.#reader.stop()
    // Whatever still comes is read and dropped, so that the end of the socket is seen.
    this.#socket.resume()
    this.#events.ended(code, reason, failure)
  }
}
