import type { Deployment, UpstreamRefusal } from '../../types/index.ts'

/** What came of asking a deployment for its token. */
export type AskedToken =
  { readonly token: string, readonly refusal?: undefined } |
  { readonly token?: undefined, readonly refusal: UpstreamRefusal, readonly cause?: unknown }

/**
 * Asks for the bearer token of a deployment that has a `token`. Never rejects.
 * @param timeout milliseconds to wait for it
 * @param signal aborted when nobody waits for it any more
 */
export function askToken (deployment: Deployment, timeout: number, signal: AbortSignal): Promise<AskedToken> {
  return new Promise(resolve => {
    const settle = (asked: AskedToken): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', abort)
      resolve(asked)
    }
    const abort = (): void => settle({ refusal: { kind: 'fault' }, cause: signal.reason })
    const timer = setTimeout(() => settle({ refusal: { kind: 'timeout' }, cause: new Error('the function token gave nothing in time') }), timeout)
    signal.addEventListener('abort', abort)
    if (signal.aborted) return abort()
    // One that throws at once is one that rejects.
    new Promise<unknown>(resolve => { resolve(deployment.token!()) })
      .then(value => settle(readToken(value)), cause => settle({ refusal: { kind: 'fault' }, cause: loggable(cause) }))
  })
}

function readToken (value: unknown): AskedToken {
  // What is legal in a header and has no space, as in the option apiKey.
  if (typeof value === 'string' && /^[\x21-\x7e]+$/.test(value)) return { token: value }
  return { refusal: { kind: 'credentials' }, cause: new TypeError('the function token must give a text of visible ASCII characters') }
}

// Identity services quote what they were sent, and what they would have sent back.
const secrets = /\bbearer\s+\S+|(?:token|secret|password|assertion|key)["']?\s*[=:]\s*\S+|\beyJ[\w.-]{6,}|[\w.~+/=-]{40,}/gi

/** Why the callback failed, by name, code and text alone, and without what looks like a credential. */
function loggable (cause: unknown): Error {
  if (!(cause instanceof Error)) return new Error('the function token failed')
  const { code, name, message } = cause as { code?: unknown, name?: unknown, message?: unknown }
  const told = new Error(typeof message === 'string' ? `the function token failed: ${message.replace(secrets, '[redacted]')}` : 'the function token failed')
  return Object.assign(told, typeof name === 'string' && { name }, typeof code === 'string' && { code })
}
