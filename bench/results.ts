import type { Machine } from './machine.ts'
import type { Series } from './rounds.ts'
import type { CrowdResult } from './scenarios/crowd.ts'
import type { MemoryResult } from './scenarios/memory.ts'
import type { Opening } from './scenarios/opening.ts'
import type { Slice } from './scenarios/slice.ts'
import type { StallResult } from './scenarios/stall.ts'
import type { AtWork } from './scenarios/work.ts'

export const costParts = ['ws', 'wss', 'paced', 'translated'] as const
export type CostPart = typeof costParts[number]

export const titles: Readonly<Record<CostPart, string>> = {
  ws: 'Saturated, ws:// upstream',
  wss: 'Saturated, wss:// upstream',
  paced: 'Paced, a frame per 50 ms, ws:// upstream',
  translated: 'Saturated, ws:// upstream, OpenAI client on xAI'
}

export const stalls = ['client, one session', 'upstream, one session', 'client, many sessions'] as const

/** All that one run found. Every round is kept; medians are made for reading only. */
export interface Results {
  readonly date: string
  readonly machine: Machine
  readonly quick: boolean
  readonly pinned: boolean
  readonly labels: Readonly<Record<string, string>>
  readonly skipped: Readonly<Record<string, string>>
  readonly cost: Partial<Record<CostPart, Series<Slice>>>
  work?: Series<AtWork>
  opening?: Series<Opening>
  setUp?: { readonly ws: Series<number>, readonly wss: Series<number> }
  memory?: Record<string, MemoryResult>
  stall?: Record<string, Record<string, StallResult>>
  crowd?: Record<string, CrowdResult>
}
