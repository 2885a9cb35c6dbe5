/**
 * Waits for `value` no longer than until `signal` is aborted.
 * @throws the signal's reason when it is
 */
export function unlessAborted<T> (value: T | PromiseLike<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason)
    // Before anything else: a rejection that comes after the abort must not be an unhandled one.
    Promise.resolve(value).then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
    if (signal.aborted) abort()
    else signal.addEventListener('abort', abort, { once: true })
  })
}
