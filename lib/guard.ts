/**
 * Functions of the host's run inside the gateway, and a rejection that nobody hears ends the process. TypeScript lets an `async` function stand
 * where one that returns nothing is asked for, so it happens.
 */

/** Calls a function of the host's whose answer nobody needs. What it throws, or rejects with, is told and changes nothing. */
export function told (call: () => unknown, failed: (cause: unknown) => void): void {
  try {
    const answer = call()
    if (isThenable(answer)) Promise.resolve(answer).catch(failed)
  } catch (cause) {
    failed(cause)
  }
}

/**
 * The same object of the host's, whose functions have to answer at once: one that gives a promise throws, and what becomes of the promise is
 * nobody's concern.
 * @param what how messages call the object
 */
export function answeringAtOnce<T extends object> (host: T, what: string): T {
  const wrapped = new Map<unknown, unknown>()
  return new Proxy(host, {
    get (target, name) {
      const value: unknown = Reflect.get(target, name)
      if (typeof value !== 'function') return value
      if (!wrapped.has(value)) {
        wrapped.set(value, (...given: unknown[]) => {
          const answer: unknown = Reflect.apply(value, target, given)
          if (!isThenable(answer)) return answer
          Promise.resolve(answer).catch(() => {})
          throw new TypeError(`${what}.${String(name)} must not be async: its answer is needed at once`)
        })
      }
      return wrapped.get(value)
    }
  })
}

function isThenable (value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
}
