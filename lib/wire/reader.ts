import { append } from './append.ts'
import { opcodes } from './frame.ts'
import { frameLength, headerLength } from './header.ts'
import { unmasked } from './mask.ts'

/** What may be wrong with what a peer sends, beyond RFC 6455's own rules. */
export type ReadFailure = 'protocol_error' | 'invalid_utf8' | 'message_too_large' | 'too_many_fragments' | 'unfinished_bytes_exceeded'

export interface ReaderLimits {
  readonly maxMessageBytes: number
  readonly maxFragments: number
}

/** Counts the bytes that all readers of a process hold in unfinished messages. */
export interface UnfinishedBytes {
  /** Adds `bytes` (negative when they are given back) and says whether the cap still holds. */
  add (bytes: number): boolean
}

/** Who a reader reads for. Every call may stop the reader. */
export interface ReaderSink {
  /** Whether `admit` wants to see text messages. Otherwise all pass, and none is unmasked. */
  readonly inspects: boolean
  /**
   * A whole text message is there. `true`: it may pass, as the frames it came in. `false`: it is taken out, see `take`.
   * @param live whether `text` is the very bytes that will be forwarded, so that what is written into it goes along
   */
  admit (text: Buffer, live: boolean): boolean
  /** The message that was not admitted, after all before it has been passed to `forward`. */
  take (text: Buffer): void
  /** Whole frames of `messages` admitted messages, as they came: masked by the peer if it is a client. */
  forward (frames: Buffer, messages: number): void
  /** A ping, pong or close frame, unmasked. It may lie in a shared buffer: copy what is kept. */
  control (opcode: number, payload: Buffer): void
  /** The peer broke a rule. The reader has stopped. */
  fail (failure: ReadFailure): void
}

const empty: Buffer = Buffer.alloc(0)
// Faults as numbers that no length can be.
const brokenHeader = -1
const tooLarge = -2
const tooManyFragments = -3
const unfinishedBytes = -4
const failures: Readonly<Record<number, ReadFailure>> = {
  [brokenHeader]: 'protocol_error',
  [tooLarge]: 'message_too_large',
  [tooManyFragments]: 'too_many_fragments',
  [unfinishedBytes]: 'unfinished_bytes_exceeded'
}

const finalText = 0x80 | opcodes.text
const finalBinary = 0x80 | opcodes.binary

/**
 * Reads frames off a byte stream and passes whole messages on without decoding them: what may pass is handed over as
 * the very bytes that came, in runs as long as a chunk allows. Strict as RFC 6455 is on everything that stands in a
 * header; text is not checked for UTF-8, its reader does that.
 */
export class MessageReader {
  readonly #masked: boolean
  readonly #limits: ReaderLimits
  readonly #unfinished: UnfinishedBytes | undefined
  readonly #sink: ReaderSink
  #stopped = false

  /** Bytes of a frame that is not complete yet. */
  #tail = empty
  #tailLength = 0
  /** Bytes that the frame in `#tail` needs to be complete, as far as is known. */
  #tailNeeds = 0

  /** Complete frames of a message whose last fragment has not come. */
  #held = empty
  #heldLength = 0
  #fragments = 0
  #messageBytes = 0
  #messageBinary = false

  /** @param masked whether the peer is a client, whose frames must be masked. */
  constructor (masked: boolean, limits: ReaderLimits, sink: ReaderSink, unfinished?: UnfinishedBytes) {
    this.#masked = masked
    this.#limits = limits
    this.#sink = sink
    this.#unfinished = unfinished
  }

  /** Reads no further and gives back what is held. */
  stop (): void {
    if (this.#stopped) return
    this.#stopped = true
    this.#unfinished?.add(-(this.#tailLength + this.#heldLength))
    this.#tail = this.#held = empty
    this.#tailLength = this.#heldLength = 0
  }

  push (chunk: Buffer): void {
    let offset = 0
    while (this.#tailLength > 0 && offset < chunk.length && !this.#stopped) {
      const take = Math.min(this.#tailNeeds - this.#tailLength, chunk.length - offset)
      this.#keepTail(chunk, offset, offset + take)
      offset += take
      if (this.#stopped || this.#tailLength < this.#tailNeeds) continue
      const frame = this.#tail.subarray(0, this.#tailLength)
      const before = this.#tailLength
      this.#tail = empty
      this.#tailLength = 0
      this.#unfinished?.add(-before)
      this.#walk(frame)
    }
    if (offset < chunk.length && !this.#stopped) this.#walk(offset === 0 ? chunk : chunk.subarray(offset))
  }

  #walk (chunk: Buffer): void {
    const size = chunk.length
    let at = 0
    let run = 0
    let messages = 0
    while (at < size) {
      const needed = this.#frameLength(chunk, at, size)
      if (needed < 0) {
        if (messages > 0) this.#sink.forward(chunk.subarray(run, at), messages)
        this.#fail(needed)
        return
      }
      if (needed === 0 || at + needed > size) {
        if (messages > 0) this.#sink.forward(chunk.subarray(run, at), messages)
        if (this.#stopped) return
        this.#tailNeeds = needed === 0 ? headerLength(chunk, at, size) : needed
        this.#keepTail(chunk, at, size)
        return
      }
      const end = at + needed
      const first = chunk[at]!
      const payloadAt = at + headerLength(chunk, at, size)
      if (first === finalBinary || (first === finalText && !this.#sink.inspects)) {
        messages++
      } else if (first === finalText) {
        const text = this.#payload(chunk, payloadAt, end)
        if (this.#sink.admit(text, !this.#masked)) {
          messages++
        } else {
          if (messages > 0) this.#sink.forward(chunk.subarray(run, at), messages)
          if (!this.#stopped) this.#sink.take(text)
          run = end
          messages = 0
        }
      } else {
        if (messages > 0) this.#sink.forward(chunk.subarray(run, at), messages)
        if (this.#stopped) return
        if (first & 0x08) this.#sink.control(first & 0x0f, this.#payload(chunk, payloadAt, end))
        else this.#fragment(chunk, at, payloadAt, end)
        run = end
        messages = 0
      }
      if (this.#stopped) return
      at = end
    }
    if (messages > 0) this.#sink.forward(run === 0 ? chunk : chunk.subarray(run), messages)
  }

  #payload (chunk: Buffer, start: number, end: number): Buffer {
    return this.#masked ? unmasked(chunk, start, end) : chunk.subarray(start, end)
  }

  /** Length of the frame at `at`, judged by its header alone: 0 while the header is not complete, negative for a fault. */
  #frameLength (chunk: Buffer, at: number, size: number): number {
    const length = frameLength(chunk, at, size, this.#masked, this.#fragments > 0)
    if (length < 0) return brokenHeader
    const { maxMessageBytes } = this.#limits
    const total = this.#messageBytes + length
    // A control frame is no part of the message. The header is left out of the sum only where it matters.
    if (total > maxMessageBytes && (chunk[at]! & 0x08) === 0 && total - headerLength(chunk, at, size) > maxMessageBytes) {
      return tooLarge
    }
    return length
  }

  #fragment (chunk: Buffer, at: number, payloadAt: number, end: number): void {
    const final = chunk[at]! >= 0x80
    if (this.#fragments === 0) this.#messageBinary = (chunk[at]! & 0x0f) === opcodes.binary
    if (++this.#fragments > this.#limits.maxFragments) {
      this.#fail(tooManyFragments)
      return
    }
    this.#messageBytes += end - payloadAt
    this.#held = append(this.#held, this.#heldLength, chunk, at, end, Infinity)
    this.#heldLength += end - at
    if (this.#unfinished?.add(end - at) === false) {
      this.#fail(unfinishedBytes)
      return
    }
    if (!final) return
    const frames = this.#held.subarray(0, this.#heldLength)
    const text = this.#sink.inspects && !this.#messageBinary ? this.#join(frames) : undefined
    this.#unfinished?.add(-this.#heldLength)
    this.#held = empty
    this.#heldLength = this.#fragments = this.#messageBytes = 0
    if (text === undefined || this.#sink.admit(text, false)) this.#sink.forward(frames, 1)
    else this.#sink.take(text)
  }

  /** The payload of a fragmented message. Its frames have been checked as they came. */
  #join (frames: Buffer): Buffer {
    const payload = Buffer.allocUnsafe(this.#messageBytes)
    let filled = 0
    for (let at = 0; at < frames.length;) {
      const start = at + headerLength(frames, at, frames.length)
      const short = frames[at + 1]! & 0x7f
      const length = short < 126 ? short : short === 126 ? frames.readUInt16BE(at + 2) : frames.readUInt32BE(at + 6)
      this.#payload(frames, start, start + length).copy(payload, filled)
      filled += length
      at = start + length
    }
    return payload
  }

  #keepTail (chunk: Buffer, start: number, end: number): void {
    this.#tail = append(this.#tail, this.#tailLength, chunk, start, end, this.#tailNeeds)
    this.#tailLength += end - start
    if (this.#unfinished?.add(end - start) === false) {
      this.#fail(unfinishedBytes)
      return
    }
    // What is needed grows as the header comes in: first its length, then the frame's.
    if (this.#tailLength < this.#tailNeeds) return
    const frame = this.#tail.subarray(0, this.#tailLength)
    const needed = this.#frameLength(frame, 0, this.#tailLength)
    if (needed < 0) this.#fail(needed)
    else this.#tailNeeds = needed || headerLength(frame, 0, this.#tailLength)
  }

  #fail (fault: number): void {
    if (this.#stopped) return
    this.stop()
    this.#sink.fail(failures[fault]!)
  }
}
