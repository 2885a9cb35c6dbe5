import type { DeploymentState } from './state.ts'

/** The first places of a ranking, without sorting the rest. */
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
    let place = at - 1
    while (place > 0 && isBefore(rank, state, ranks[place - 1]!, states[place - 1]!)) {
      states[place] = states[place - 1]!
      ranks[place] = ranks[place - 1]!
      place--
    }
    states[place] = state
    ranks[place] = rank
  }

  get states (): readonly DeploymentState[] {
    return this.#states
  }
}

function isBefore (rank: number, state: DeploymentState, otherRank: number, other: DeploymentState): boolean {
  return rank < otherRank || (rank === otherRank && state.chosenAt < other.chosenAt)
}
