import type { DeploymentState } from './state.ts'

/** The first few of a ranking, without sorting the others. */
export class Podium {
  readonly #states: DeploymentState[] = []
  readonly #ranks: number[] = []
  readonly #size: number

  constructor (size: number) {
    this.#size = size
  }

  /** Takes `state` in if its rank is among the lowest. Of equals, whoever was chosen longest ago comes first. */
  offer (state: DeploymentState, rank: number): void {
    const states = this.#states
    const ranks = this.#ranks
    let at = states.length
    if (at === this.#size && !isBefore(rank, state, ranks[at - 1]!, states[at - 1]!)) return
    if (at < this.#size) at++
    // The worst falls off the end, everything behind the new one moves down.
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
