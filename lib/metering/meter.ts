import type { Price, RealtimeEvent, Spent, Usage } from '../../types/index.ts'
import { costOf } from './cost.ts'

/** Counts what a session costs, from the provider's own words. */
export interface Meter {
  /** An event that may be billed, or that says which models are. It must not be changed. */
  hear (event: RealtimeEvent): void
  /** What was billed since this was asked last. */
  take (): { readonly billed: readonly Usage[], readonly cost: Spent }
  /** All that was billed. */
  total (): Spent
}

/** Whose prices count. */
export interface MeterOptions {
  /** What an event is billed for. */
  usage (event: RealtimeEvent): Usage | undefined
  /** The price of a model of the provider's; `undefined`: of the model that the deployment asks for. */
  priceOf (model: string | undefined): Price | undefined
}

// Beside a turn come the transcriptions of what was said and the items that were added. Beyond this many they are counted and not listed.
const mostListed = 64

/** @param options of the deployment that serves the session now */
export function createMeter (options: () => MeterOptions): Meter {
  let billed: Usage[] = []
  let nanos = 0n
  let unpriced = 0
  let sum = { nanos: 0n, unpriced: 0 }
  let served: string | undefined
  let transcriber: string | undefined

  return {
    hear (event) {
      const { usage, priceOf } = options()
      if (event.type === 'session.created' || event.type === 'session.updated') {
        served = textAt(event, 'session', 'model') ?? served
        transcriber = textAt(event, 'session', 'audio', 'input', 'transcription', 'model') ?? textAt(event, 'session', 'input_audio_transcription', 'model') ?? transcriber
        return
      }
      const used = usage(event)
      // A response that tells no usage was billed all the same, unless it was cancelled or failed before it began.
      if (used === undefined) {
        if (event.type === 'response.done' && textAt(event, 'response', 'status') === 'completed') unpriced++
        return
      }
      if (billed.length < mostListed) billed.push(used)
      const { total } = costOf(used, used.of === 'transcription' ? transcriber === undefined ? undefined : priceOf(transcriber) : priceOf(served))
      if (total === null) unpriced++
      else nanos += total
    },

    take () {
      const taken = { billed, cost: { nanos: Number(nanos), unpriced } }
      sum = { nanos: sum.nanos + nanos, unpriced: sum.unpriced + unpriced }
      billed = []
      nanos = 0n
      unpriced = 0
      return taken
    },

    total: () => ({ nanos: Number(sum.nanos + nanos), unpriced: sum.unpriced + unpriced })
  }
}

function textAt (event: RealtimeEvent, ...path: readonly string[]): string | undefined {
  let value: unknown = event
  for (const name of path) value = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined
  return typeof value === 'string' ? value : undefined
}
