/** What a provider may bill by. Money is integer nano-dollars everywhere: 1 000 000 000n is a dollar. */
export type BilledKind =
  'inputText' | 'inputAudio' | 'inputImage' | 'cachedText' | 'cachedAudio' | 'cachedImage' | 'outputText' | 'outputAudio' | 'audioMs' | 'textItems'

/**
 * What one event of a session uses, read from the provider's own words. All numbers are whole and not negative. What was not said counts 0,
 * but for `audioMs`, whose absence means that nobody knows.
 */
export interface Usage {
  /** A response; the transcription of what the user said, which another model bills; or an item that the client added. */
  readonly of: 'response' | 'transcription' | 'item'
  /** Tokens of text that went in, cached ones included. */
  readonly inputText: number
  /** Tokens of audio that went in, cached ones included. */
  readonly inputAudio: number
  /** Tokens of images that went in, cached ones included. */
  readonly inputImage: number
  /** How many of `inputText` came from the cache. */
  readonly cachedText: number
  /** How many of `inputAudio` came from the cache. */
  readonly cachedAudio: number
  /** How many of `inputImage` came from the cache. */
  readonly cachedImage: number
  /** Tokens of text that came out, reasoning included. */
  readonly outputText: number
  /** Tokens of audio that came out. */
  readonly outputAudio: number
  /** How many of `outputText` were reasoning. They have the price of the others. */
  readonly reasoning: number
  /** Audio that is billed by its length, in milliseconds. Absent: not said. */
  readonly audioMs?: number | undefined
  /** Where `audioMs` is from: the provider's word, the clock of the session, or the audio that passed. */
  readonly audioBasis?: 'provider' | 'clock' | 'audio' | undefined
  /** Items of text that the client added to the conversation; xAI bills each. */
  readonly textItems: number
  /** The provider's numbers were missing in part, did not add up, or were no counts; the adapter has made the best of them. */
  readonly doubtful: boolean
}

/** A price of so many nano-dollars for so many units. A fraction loses nothing: 0.08 dollars a minute has no last digit per second. */
export interface Rate {
  /** Nano-dollars for `per` units. */
  readonly nanos: bigint
  /** How many units (tokens, milliseconds, items) that buys; at least 1. */
  readonly per: bigint
}

/** The price of one model. */
export interface Price {
  /** `provider/model` */
  readonly model: string
  /**
   * What a unit of each kind costs. Cached tokens without a rate cost what others do. With a rate for `audioMs` the model is billed by
   * time, and tokens without a rate are free; of a model that is billed by tokens no kind in use may lack its rate.
   */
  readonly rates: Readonly<Partial<Record<BilledKind, Rate>>>
  /** Where the figures are from. */
  readonly source: string
  /** When they were last compared with the source, ISO 8601. Absent: unknown, as for a file of the operator's. */
  readonly checked?: string | undefined
  /** Why the figures are not certain. Absent: the provider publishes them. */
  readonly assumed?: string | undefined
  /** Share of the price, in hundredths of a percent, where the provider processes in one region: 11 000 is ten per cent more. */
  readonly regions?: Readonly<Partial<Record<'eu' | 'us', number>>> | undefined
}

/** What one kind of usage costs. */
export interface CostLine {
  readonly kind: BilledKind
  /** Tokens, milliseconds or items. Cached tokens stand in lines of their own, and not in those of the input. */
  readonly quantity: number
  /** Nano-dollars, rounded to the nearest, a half up. */
  readonly nanos: bigint
}

/** What something costs, to the nano-dollar. */
export interface KnownCost {
  /** Nano-dollars: the sum of the lines. */
  readonly total: bigint
  readonly lines: readonly CostLine[]
}

/** The cost is not known, which is never the same as free. */
export interface UnknownCost {
  readonly total: null
  /**
   * `model_unpriced`: the model has no price. `rate_missing`: its price has no rate for a kind that was used. `quantity_missing`: it is billed by
   * time and the usage has none, or by tokens and the usage has time alone. `usage_invalid`: a number is no count, or a part is more than its whole.
   */
  readonly reason: 'model_unpriced' | 'rate_missing' | 'quantity_missing' | 'usage_invalid'
  /** The kind that is at fault. Absent: the whole. */
  readonly kind?: BilledKind | undefined
}

export type Cost = KnownCost | UnknownCost

/** What was spent, in numbers that JSON has: they are whole, and exact up to nine million dollars. */
export interface Spent {
  /** Nano-dollars of all that has a price: 1 000 000 000 is a dollar. */
  readonly nanos: number
  /** How many events that are billed have no known price, or told no usage. Where it is not 0, more was spent than `nanos`. */
  readonly unpriced: number
}
