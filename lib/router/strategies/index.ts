import type { StrategyName } from '../../../types/index.ts'
import { cost } from './cost.ts'
import { latency } from './latency.ts'
import { leastBusy } from './least-busy.ts'
import { roundRobin } from './round-robin.ts'
import { simpleShuffle } from './simple-shuffle.ts'
import type { Strategy } from './strategy.ts'
import { usage } from './usage.ts'

export const strategies: Readonly<Record<StrategyName, Strategy>> = {
  'simple-shuffle': simpleShuffle,
  'round-robin': roundRobin,
  'least-busy': leastBusy,
  latency,
  cost,
  usage
}
