import type { RealtimeEvent } from '../../../types/index.ts'
import type { SimulatedScenario } from './answer.ts'
import type { Clock } from './clock.ts'
import type { Conversation } from './conversation.ts'
import type { Random } from './random.ts'

/** What a session needs of the connection that it lives on. */
export interface SessionHost {
  /** Path of the upgrade's target. */
  readonly path: string
  readonly query: URLSearchParams
  readonly clock: Clock
  readonly random: Random
  /** Seed of the voice. */
  readonly seed: number
  /** Unix time in milliseconds, for ids and time stamps. */
  readonly now: () => number
  readonly scenario: SimulatedScenario | undefined
  /** What is heard in the user's audio, turn by turn. */
  readonly hear: (index: number, durationMs: number) => string
  /** Whether events are refused for all that the provider refuses them for. */
  readonly strict: boolean
  /** Models and deployments that are served; `undefined`: every realtime model. */
  readonly models: readonly string[] | undefined
  /** The error that the next response must fail with, when a fault says so. */
  readonly takeFailure: () => { readonly code: string, readonly message: string } | undefined
  /** Conversations that a later connection may resume, by id. */
  readonly conversations: Map<string, Conversation>
  readonly send: (event: RealtimeEvent) => void
  readonly sendBinary: (data: Buffer) => void
  readonly close: (code: number, reason: string) => void
}

/** A provider's side of one connection. */
export interface ProviderSession {
  /** Sends what comes first. */
  open (): void
  /** How long the provider takes before it reacts to an event, in its own milliseconds. */
  latency (event: RealtimeEvent): number
  receive (event: RealtimeEvent): void
  receiveBinary (data: Buffer): void
  /** A text message that is no event: bad JSON, or no `type`. */
  receiveInvalid (problem: 'json' | 'type'): void
  /** The session's time is up. */
  expire (): void
}

/** The default of `hear`: what the simulated user says in turn. */
export const UTTERANCES = [
  'Hello, can you hear me?',
  'Tell me something nice.',
  'How is the weather today?',
  'Thank you, that is all.'
]

/** A response that is being streamed. */
export interface RunningResponse {
  readonly id: string
  /** Writes nothing into the conversation and may run beside another response. */
  readonly outOfBand: boolean
  /** Closes what is open and ends the response. Nothing more of it is sent. */
  cancel (reason: 'turn_detected' | 'client_cancelled'): void
}
