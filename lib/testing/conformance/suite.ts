import { AssertionError } from 'node:assert/strict'

/**
 * One rule of a contract. `run` rejects with an `AssertionError` of `node:assert` that says how the rule is broken. Any test
 * runner can run it: `for (const { name, run } of suite) test(name, run)`.
 */
export interface ConformanceTest {
  /** The rule, as a sentence. */
  readonly name: string
  run (): Promise<void>
}

/** How a suite gets rid of what it tests. Every test has a subject of its own. */
export interface Lifetime<T> {
  /** Called when a test is over, however it ended. Default: nothing is to be closed. */
  readonly close?: ((subject: T) => void | Promise<void>) | undefined
}

/** A test that gets a subject of its own and closes it. */
export function testWith<T> (name: string, create: () => T | Promise<T>, { close }: Lifetime<T>, body: (subject: T) => void | Promise<void>): ConformanceTest {
  return {
    name,
    async run () {
      const subject = await create()
      try {
        await body(subject)
      } catch (error) {
        throw error instanceof AssertionError ? error : thrown(error)
      } finally {
        await close?.(subject)
      }
    }
  }
}

/** What the subject threw where its contract lets it throw nothing. */
function thrown (cause: unknown): AssertionError {
  return Object.assign(new AssertionError({ message: `it threw ${String(cause)}`, operator: 'throws' }), { cause })
}

/** Names that every object has as members: a table that is a plain object finds something under them. */
export const hostileNames: readonly string[] = ['constructor', '__proto__', 'toString', 'hasOwnProperty', '']

/** The same numbers in [0, 1) for the same seed: a failure can be seen again. Linear congruence modulo 2^32 (Numerical Recipes). */
export function seeded (seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 4294967296
  }
}

/** Freezes a plain value all through, so that a write to it throws. */
export function frozen<T> (value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value) || value instanceof URLSearchParams) return value
  for (const member of Object.values(value)) frozen(member)
  return Object.freeze(value)
}
