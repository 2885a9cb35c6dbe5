import { defaults } from '../defaults.ts'
import type { NumberOption } from '../defaults.ts'
import { maxNumber, whole } from './builders.ts'
import type { Of } from './builders.ts'

const zeroMeansOff = new Set<string>(['evictIdleAfter', 'idleTimeout', 'maxSessionDuration', 'lingerTimeout', 'drainTimeout'] satisfies NumberOption[])

/** The options that are numbers: limits, and times in milliseconds. */
export const limits = Object.fromEntries(Object.entries(defaults)
  .map(([name, fallback]) => [name, whole(zeroMeansOff.has(name) ? 0 : 1, maxNumber, fallback)])) as Readonly<Record<NumberOption, Of<number>>>
