import type { SimulatedScenario } from './answer.ts'
import type { SimulatorFault } from './faults.ts'

/** Whose realtime service is simulated. */
export type SimulatorFlavour = 'openai' | 'azure' | 'xai'

/** Options of `createSimulator`. */
export interface SimulatorOptions {
  /** Default `openai`. */
  readonly flavour?: SimulatorFlavour | undefined
  /** Address to listen on. Default `127.0.0.1`. */
  readonly host?: string | undefined
  /** Default 0: any free port, told by `port` and `url`. */
  readonly port?: number | undefined
  /** Serves `wss:` with this key and certificate (PEM); some SDKs insist on it. Default: plain `ws:`. */
  readonly tls?: { readonly key: string | Buffer, readonly cert: string | Buffer } | undefined
  /** Time scale of the answers: 1 is the provider's own cadence, 0.1 ten times as fast, 0 as fast as possible. Default 0. */
  readonly pace?: number | undefined
  /** Seed of ids, padding and delays; the n-th connection uses `seed + n`. Default 1. */
  readonly seed?: number | undefined
  /** Clock for ids and time stamps, Unix time in milliseconds. Default `Date.now`. */
  readonly now?: (() => number) | undefined
  /** Keys that are accepted. Default: any key that is not empty. */
  readonly apiKeys?: readonly string[] | undefined
  /**
   * Models that are served (Azure: deployments, transcription models among them). Default: OpenAI every name with
   * `realtime` in it, Azure every name for sessions and none for transcription. xAI takes any name and serves its own.
   */
  readonly models?: readonly string[] | undefined
  /** Decides the answers. Default: a function call where a declared tool fits what was said, else a sentence that repeats it. */
  readonly scenario?: SimulatedScenario | undefined
  /** What is heard in the user's audio: one text, or one for each turn (`index` counts from 0). Default: a few sentences in turn. */
  readonly hears?: (string | ((index: number, durationMs: number) => string)) | undefined
  /** Faults that happen on every connection; `inject` plans them for single ones. Default none. */
  readonly faults?: readonly SimulatorFault[] | undefined
  /**
   * Whether it refuses what the provider refuses. OpenAI: unknown fields, wrong values, parts that a role does not have, parameters that exclude
   * each other. xAI: tools of MCP servers that it would call without approval. Default `true`. `false` is for clients that are newer than the
   * simulator.
   */
  readonly strict?: boolean | undefined
  /** How many of the latest messages in each direction a connection keeps for inspection. Default 1000. */
  readonly keepFrames?: number | undefined
}
