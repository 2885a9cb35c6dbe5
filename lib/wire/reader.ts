import { isUtf8 } from 'node:buffer'
import { append } from './append.ts'
import { Fragments } from './fragments.ts'
import { opcodes } from './frame.ts'
import { frameLength, headerLength } from './header.ts'
import { remask, standsAt, standsWithin, unmasked } from './mask.ts'
import type { ReadFailure } from './read-failure.ts'
import type { ReaderSink } from './reader-sink.ts'
import type { HeldBytes } from './held-bytes.ts'

export interface ReaderLimits {
  readonly maxMessageBytes: number
  readonly maxFragments: number
}

const empty: Buffer = Buffer.alloc(0)
// Faults as numbers that no length can be.
const brokenHeader = -1
const tooLarge = -2
const tooManyFragments = -3
const badText = -4
const failures: Readonly<Record<number, ReadFailure>> = {
  [brokenHeader]: 'protocol_error',
  [tooLarge]: 'message_too_large',
  [tooManyFragments]: 'too_many_fragments',
  [badText]: 'invalid_utf8'
}

const quote = 0x22
const padding = Buffer.from('=')
const longestId = 64

const finalText = 0x80 | opcodes.text
const finalBinary = 0x80 | opcodes.binary

/**
 * Reads frames off a byte stream and hands over whole messages without decoding them: what passes is handed over as the bytes that came, as
 * many messages at once as a chunk holds. Everything in a header is held to RFC 6455. Whether a text is UTF-8 is checked where the peer is a server:
 * its texts come unmasked, and clients end a session that brings another. A masked text is checked by whoever reads it.
 */
export class MessageReader<Verdict> {
  readonly #masked: boolean
  readonly #limits: ReaderLimits
  readonly #held: HeldBytes | undefined
  readonly #sink: ReaderSink<Verdict>
  #stopped = false
  #waiting = false
  /** What came while the reader waited. The socket is paused meanwhile, so this is at most what had been read already. */
  #unread: Buffer[] = []

  /** Bytes of a frame that is not complete yet. */
  #tail = empty
  #tailLength = 0
  /** Bytes that the frame in `#tail` needs to be complete, as far as is known. */
  #tailNeeds = 0

  /** The message whose last fragment has not come. */
  readonly #fragments = new Fragments()

  /** @param masked whether the peer is a client, whose frames must be masked. */
  constructor (masked: boolean, limits: ReaderLimits, sink: ReaderSink<Verdict>, held?: HeldBytes) {
    this.#masked = masked
    this.#limits = limits
    this.#sink = sink
    this.#held = held
  }

  /** Reads no further and gives back what is held. */
  stop (): void {
    if (this.#stopped) return
    this.#stopped = true
    this.#held?.add(-this.unfinished)
    this.#tail = empty
    this.#tailLength = 0
    this.#fragments.clear()
    this.#unread = []
  }

  /** Bytes of the message that has not come whole yet. */
  get unfinished (): number {
    return this.#tailLength + this.#fragments.frames.length
  }

  /** Reads nothing more until `proceed`: the verdict about the last message is not final yet. */
  wait (): void {
    this.#waiting = true
  }

  /** Whether something that came is kept until `proceed`. */
  get waiting (): boolean {
    return this.#waiting
  }

  /** Reads what came meanwhile, and goes on. */
  proceed (): void {
    if (!this.#waiting) return
    this.#waiting = false
    for (const chunk of this.#unread.splice(0)) this.push(chunk)
  }

  push (chunk: Buffer): void {
    if (this.#waiting) {
      this.#unread.push(chunk)
      return
    }
    let offset = 0
    while (this.#tailLength > 0 && offset < chunk.length && !this.#stopped && !this.#waiting) {
      const take = Math.min(this.#tailNeeds - this.#tailLength, chunk.length - offset)
      this.#keepTail(chunk, offset, offset + take)
      offset += take
      if (this.#stopped || this.#tailLength < this.#tailNeeds) continue
      const frame = this.#tail.subarray(0, this.#tailLength)
      const before = this.#tailLength
      this.#tail = empty
      this.#tailLength = 0
      this.#held?.add(-before)
      this.#walk(frame)
    }
    if (offset === chunk.length || this.#stopped) return
    const rest = offset === 0 ? chunk : chunk.subarray(offset)
    if (this.#waiting) this.#unread.push(rest)
    else this.#walk(rest)
  }

  #walk (chunk: Buffer): void {
    const size = chunk.length
    const sink = this.#sink
    // Messages that pass are forwarded together: `run` is where the first of them begins.
    let run = 0
    let messages = 0
    let skimmed = 0
    let at = 0
    while (at < size) {
      const needed = this.#frameLength(chunk, at, size)
      if (needed <= 0 || at + needed > size) {
        if (messages > 0) sink.forward(chunk.subarray(run, at), messages, skimmed)
        if (this.#stopped) return
        if (needed < 0) return this.#fail(needed)
        this.#tailNeeds = needed === 0 ? headerLength(chunk, at, size) : needed
        this.#keepTail(chunk, at, size)
        return
      }
      const end = at + needed
      const first = chunk[at]!
      const payloadAt = at + headerLength(chunk, at, size)
      const remasks = this.#masked && sink.remasks === true && (first & 0x08) === 0
      const whole = first === finalText || first === finalBinary
      const spared = first === finalText ? this.#sparedBytes(chunk, payloadAt, end) : -1
      if (first === finalText && !this.#masked && !isUtf8(chunk.subarray(payloadAt, end))) {
        if (messages > 0) sink.forward(chunk.subarray(run, at), messages, skimmed)
        return this.#fail(badText)
      }
      const verdict = whole && spared < 0 ? this.#judge(chunk, payloadAt, end, first === finalBinary) : undefined
      if (whole && verdict === undefined) {
        messages++
        if (remasks) remask(chunk, payloadAt, end)
        if (spared > 0) skimmed += spared
      } else {
        if (messages > 0) sink.forward(chunk.subarray(run, at), messages, skimmed)
        if (this.#stopped) return
        if (verdict !== undefined) sink.take(verdict)
        else if (first & 0x08) sink.control(first & 0x0f, this.#payload(chunk, payloadAt, end))
        else {
          if (remasks) remask(chunk, payloadAt, end)
          this.#fragment(chunk, at, payloadAt, end)
        }
        if (this.#waiting && end < size) this.#unread.push(chunk.subarray(end))
        if (this.#waiting) return
        run = end
        messages = skimmed = 0
      }
      if (this.#stopped) return
      at = end
    }
    if (messages > 0) sink.forward(run === 0 ? chunk : chunk.subarray(run), messages, skimmed)
  }

  #judge (chunk: Buffer, start: number, end: number, binary: boolean): Verdict | undefined {
    const inspects = binary ? this.#sink.inspectsBinary === true : this.#sink.inspects
    return inspects ? this.#sink.judge(this.#payload(chunk, start, end), binary, !this.#masked) : undefined
  }

  /** Decoded size in bytes of the audio in a text that may be skimmed; -1 where it may not. */
  #sparedBytes (chunk: Buffer, start: number, end: number): number {
    const { skim } = this.#sink
    if (skim === undefined) return -1
    const length = end - start
    const maskAt = this.#masked ? start - 4 : -1
    for (const prefix of skim.prefixes) {
      if (!standsAt(chunk, start, 0, prefix, maskAt)) continue
      const from = prefix.length
      let to = length - skim.suffix.length
      // Fields behind the audio, as `event_id`, stand at the very end: where a quote is found there, the text is read.
      if (to < from || !standsAt(chunk, start, to, skim.suffix, maskAt) || standsWithin(chunk, start, Math.max(from, to - longestId), to, quote, maskAt)) continue
      while (to > from && standsAt(chunk, start, to - 1, padding, maskAt)) to--
      return Math.floor((to - from) * 3 / 4)
    }
    return -1
  }

  #payload (chunk: Buffer, start: number, end: number): Buffer {
    return this.#masked ? unmasked(chunk, start, end) : chunk.subarray(start, end)
  }

  /** Length of the frame at `at`, judged by its header alone: 0 while the header is not complete, negative for a fault. */
  #frameLength (chunk: Buffer, at: number, size: number): number {
    const length = frameLength(chunk, at, size, this.#masked, this.#fragments.count > 0)
    if (length < 0) return brokenHeader
    const { maxMessageBytes } = this.#limits
    const total = this.#fragments.bytes + length
    // A control frame is no part of the message. The header's own length is looked up only where it decides.
    if (total > maxMessageBytes && (chunk[at]! & 0x08) === 0 && total - headerLength(chunk, at, size) > maxMessageBytes) {
      return tooLarge
    }
    return length
  }

  #fragment (chunk: Buffer, at: number, payloadAt: number, end: number): void {
    const message = this.#fragments
    if (message.count === this.#limits.maxFragments) return this.#fail(tooManyFragments)
    message.add(chunk, at, payloadAt, end)
    this.#held?.add(end - at)
    // It may have been too much.
    if (this.#stopped || chunk[at]! < 0x80) return
    const { frames, binary } = message
    const inspects = binary ? this.#sink.inspectsBinary === true : this.#sink.inspects
    const checked = !binary && !this.#masked
    const payload = inspects || checked ? message.join(this.#masked) : undefined
    if (checked && !isUtf8(payload!)) return this.#fail(badText)
    this.#held?.add(-frames.length)
    message.clear()
    const verdict = inspects ? this.#sink.judge(payload!, binary, false) : undefined
    if (verdict === undefined) this.#sink.forward(frames, 1, 0)
    else this.#sink.take(verdict)
  }

  #keepTail (chunk: Buffer, start: number, end: number): void {
    this.#tail = append(this.#tail, this.#tailLength, chunk, start, end, this.#tailNeeds)
    this.#tailLength += end - start
    this.#held?.add(end - start)
    // It may have been too much. Then: first the length of the header is known, and with the header the length of the frame.
    if (this.#stopped || this.#tailLength < this.#tailNeeds) return
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
