import type { DeploymentState } from './state.ts'

/** The best few of a ranking, kept in order without sorting all. */
export class Podium {
  readonly #states: DeploymentState[] = []
  readonly #ranks: number[] = []
  readonly #size: number

  constructor (size: number) {
    this.#size = size
  }

  /** Takes `state` in if its rank is among the lowest. Of equal ranks, the one that was chosen longest ago comes first. */
  offer (state: DeploymentState, rank: number): void {
    const states = this.#states
    const ranks = this.#ranks
    let at = states.length
    if (at === this.#size && !isBefore(rank, state, ranks[at - 1]!, states[at - 1]!)) return
    if (at < this.#size) at++
    // What stands behind the new one moves down, and the last falls out.
    let index = at - 1
    while (index > 0 && isBefore(rank, state, ranks[index - 1]!, states[index - 1]!)) {
      states[index] = states[index - 1]!
      ranks[index] = ranks[index - 1]!
      index--
    }
    states[index] = state
    ranks[index] = rank
  }

  get states (): readonly DeploymentState[] {
    return this.#states
  }
}

function isBefore (rank: number, state: DeploymentState, otherRank: number, other: DeploymentState): boolean {
  return rank < otherRank || (rank === otherRank && state.chosenAt < other.chosenAt)
}
