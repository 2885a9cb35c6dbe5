import type { Lease } from '../../types/index.ts'

/** @param failed told of each step that throws */
export function createLease (failed: (cause: unknown) => void): Lease {
  let steps: Set<{ run: () => void }> | undefined = new Set()

  function run (step: () => void): void {
    try {
      step()
    } catch (cause) {
      failed(cause)
    }
  }

  return {
    get released () {
      return steps === undefined
    },
    defer (step) {
      if (steps === undefined) {
        run(step)
        return () => {}
      }
      // An object for each, so that the same function may be deferred twice.
      const entry = { run: step }
      steps.add(entry)
      return () => { steps?.delete(entry) }
    },
    release () {
      const last = steps
      steps = undefined
      for (const { run: step } of [...last ?? []].reverse()) run(step)
    }
  }
}
