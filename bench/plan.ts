import type { SliceOptions } from './scenarios/slice.ts'

/** How much of everything a run does. */
export interface Plan {
  readonly parts: readonly Part[]
  /** Paired rounds: each has one slice of every subject. */
  readonly rounds: number
  /** Sessions under load at a time. */
  readonly sessions: number
  readonly saturated: SliceOptions
  readonly paced: SliceOptions
  /** Rounds of processes that are started for memory and latency at work. */
  readonly workRounds: number
  readonly work: SliceOptions
  /** Milliseconds of openings for each subject and round. */
  readonly openingMs: number
  /** Session openings for each subject. */
  readonly setUps: number
  readonly memorySessions: number
  readonly stallBytes: number
  /** Sessions that are stalled at once, and bytes for each. */
  readonly stalledSessions: number
  readonly stalledBytesEach: number
  readonly crowdSessions: number
}

export const parts = ['ws', 'wss', 'paced', 'translated', 'work', 'opening', 'set-up', 'memory', 'stall', 'crowd'] as const
export type Part = typeof parts[number]

export const full: Plan = {
  parts,
  rounds: 5,
  sessions: 200,
  saturated: { warmUpMs: 400, measureMs: 2_000 },
  paced: { warmUpMs: 500, measureMs: 3_000 },
  workRounds: 3,
  work: { warmUpMs: 2_000, measureMs: 5_000 },
  openingMs: 2_000,
  setUps: 50,
  memorySessions: 2_000,
  stallBytes: 400e6,
  stalledSessions: 200,
  stalledBytesEach: 10e6,
  crowdSessions: 5_000
}

/** Under a minute: the ratios, on fewer and shorter slices. */
export const quick: Plan = {
  ...full,
  parts: ['ws', 'wss', 'paced', 'opening', 'set-up'],
  rounds: 5,
  saturated: { warmUpMs: 50, measureMs: 200 },
  paced: { warmUpMs: 50, measureMs: 300 },
  openingMs: 500,
  setUps: 10
}
