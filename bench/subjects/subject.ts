import type { Target } from '../client.ts'

/** What a subject relays to. */
export interface Route {
  readonly url: string
  /** File with the upstream's certificate; given when `url` is `wss://`. */
  readonly caFile: string | undefined
  /** Processor for the subject. */
  readonly core: number | undefined
  /** A directory of the subject's own, removed after the run. */
  readonly directory: string
}

/** A subject at work. */
export interface Running extends Target {
  /** All its processes, the subject's workers included. */
  pids (): number[]
  /** Collects garbage, where the subject has any. */
  collect (): Promise<void>
  stop (): Promise<void>
}

/** One thing that stands between client and upstream. */
export interface Subject {
  readonly name: string
  readonly label: string
  /** Says why the subject cannot run here; `undefined` when it can. */
  missing (): Promise<string | undefined>
  start (route: Route): Promise<Running>
}
