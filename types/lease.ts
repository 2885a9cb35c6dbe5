/** Everything that is taken before or during a session, so that it is given back once on every way out. */
export interface Lease {
  /** Whether `release` has begun. */
  readonly released: boolean
  /**
   * Adds a step that gives one thing back. On a lease that is released already the step runs at once, so that what is taken too late is not
   * lost.
   * @returns a function that removes the step without running it, for a thing that somebody else owns from now on
   */
  defer (step: () => void): () => void
  /** Runs the steps in reverse order, each once. A step that throws does not keep the others from running. Again: does nothing. */
  release (): void
}
