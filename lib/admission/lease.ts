import type { Lease } from '../../types/index.ts'

/** @param failed told of each step that throws */
export function createLease (failed: (cause: unknown) => void): Lease {
  return new Steps(failed)
}

/** A class, because each session has several leases and their methods are then shared. */
class Steps implements Lease {
  readonly #failed: (cause: unknown) => void
  #steps: Set<{ readonly run: () => void }> | undefined = new Set()

  constructor (failed: (cause: unknown) => void) {
    this.#failed = failed
  }

  get released (): boolean {
    return this.#steps === undefined
  }

  defer (step: () => void): () => void {
    if (this.#steps === undefined) {
      this.#run(step)
      return () => {}
    }
    // An entry of its own, so that the same function may be deferred twice.
    const entry = { run: step }
    this.#steps.add(entry)
    return () => { this.#steps?.delete(entry) }
  }

  release (): void {
    const last = this.#steps
    this.#steps = undefined
    for (const { run } of [...last ?? []].reverse()) this.#run(run)
  }

  #run (step: () => void): void {
    try {
      step()
    } catch (cause) {
      this.#failed(cause)
    }
  }
}
