/** Counts what is taken of things that have a limit each. */
export interface Slots {
  /**
   * Takes one of `limit` places of `id`.
   * @returns gives the place back (again: does nothing); `undefined` when all are taken.
   */
  take (id: string, limit: number): (() => void) | undefined
}

export function createSlots (): Slots {
  const taken = new Map<string, number>()
  return {
    take (id, limit) {
      const count = taken.get(id) ?? 0
      if (count >= limit) return undefined
      taken.set(id, count + 1)
      let held = true
      return () => {
        if (!held) return
        held = false
        const rest = taken.get(id)! - 1
        if (rest === 0) taken.delete(id)
        else taken.set(id, rest)
      }
    }
  }
}
