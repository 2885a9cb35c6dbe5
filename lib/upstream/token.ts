import { unlessAborted } from '../abort.ts'
import { loggable } from '../loggable.ts'
import type { Deployment, UpstreamRefusal } from '../../types/index.ts'

/** What came of asking a deployment for its token. */
type AskedToken =
  { readonly token: string, readonly refusal?: undefined } |
  { readonly token?: undefined, readonly refusal: UpstreamRefusal, readonly cause?: unknown }

/**
 * Asks for the bearer token of a deployment that has a `token`. Never rejects.
 * @param timeout milliseconds to wait for it
 * @param signal aborted when nobody waits for it any more
 */
export async function askToken (deployment: Deployment, timeout: number, signal: AbortSignal): Promise<AskedToken> {
  const late = new AbortController()
  const timer = setTimeout(() => late.abort(new Error('the function token gave nothing in time')), timeout)
  const over = AbortSignal.any([signal, late.signal])
  try {
    over.throwIfAborted()
    // Within a promise, so that a function that throws is like one that rejects.
    return readToken(await unlessAborted<unknown>(new Promise(resolve => { resolve(deployment.token!()) }), over))
  } catch (cause) {
    if (!over.aborted) return { refusal: { kind: 'fault' }, cause: failed(cause) }
    return { refusal: { kind: signal.aborted ? 'fault' : 'timeout' }, cause: over.reason }
  } finally {
    clearTimeout(timer)
  }
}

function readToken (value: unknown): AskedToken {
  // What is legal in a header and has no space, as in the option apiKey.
  if (typeof value === 'string' && /^[\x21-\x7e]+$/.test(value)) return { token: value }
  return { refusal: { kind: 'credentials' }, cause: new TypeError('the function token must give a text of visible ASCII characters') }
}

// What looks like a credential: errors of identity services quote requests and answers.
const secrets = /\bbearer\s+\S+|(?:token|secret|password|assertion|key)["']?\s*[=:]\s*\S+|\beyJ[\w.-]{6,}|[\w.~+/=-]{40,}/gi

/** Why the function failed, without what looks like a credential. */
function failed (cause: unknown): Error {
  const { type, code, message } = loggable(cause) ?? { type: 'Error', message: '' }
  const told = message === '' ? '' : `: ${message.replace(secrets, '[redacted]')}`
  return Object.assign(new Error(`the function token failed${told}`), { name: type, ...(code !== undefined && { code }) })
}
