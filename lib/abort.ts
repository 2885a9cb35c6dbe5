/**
 * Waits for `value` no longer than until `signal` is aborted.
 * @throws the signal's reason when it is
 */
export function unlessAborted<T> (value: T | PromiseLike<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason)
    // First of all, so that a rejection which nobody waits for any more is not an unhandled one.
    Promise.resolve(value).then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
    if (signal.aborted) abort()
    else signal.addEventListener('abort', abort, { once: true })
  })
}
