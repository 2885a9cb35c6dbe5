import type { UpstreamAnswer, UpstreamRefusal } from '../../types/index.ts'

// The longest wait that is believed: a deployment is tried again after an hour at the latest.
const maxRetryAfterMs = 3600_000

// Error codes of OpenAI's realtime service, most of them sent after a 101, as the first event
// (platform.openai.com/docs/guides/error-codes and observed sessions).
const byCode: Record<string, UpstreamRefusal['kind']> = {
  invalid_api_key: 'credentials',
  insufficient_permissions: 'credentials',
  account_deactivated: 'credentials',
  beta_api_shape_disabled: 'fault',
  insufficient_quota: 'quota',
  billing_hard_limit_reached: 'quota',
  rate_limit_exceeded: 'rate_limit',
  inference_rate_limit_exceeded: 'rate_limit',
  model_not_found: 'not_found',
  invalid_model: 'not_found',
  missing_model: 'not_found'
}

// Statuses that the client's request can cause. Others, as 405 or 426, mean that the address is wrong.
const clientStatuses = new Set([400, 409, 410, 413, 414, 422, 431])

/**
 * How an answer reads where the provider is OpenAI or like it: HTTP statuses, `error` events and close codes.
 * @returns `undefined` for an event that means ready, which is every one but `error`.
 */
export function classifyAnswer (answer: UpstreamAnswer): UpstreamRefusal | undefined {
  if (answer.type === 'status') return fromStatus(answer.status, answer.headers)
  if (answer.type === 'close') return { kind: answer.code === 3000 ? 'credentials' : answer.code === 1013 ? 'rate_limit' : 'fault' }
  if (answer.event.type !== 'error') return undefined
  const error = answer.event['error']
  const { type, code } = typeof error === 'object' && error !== null ? error as Record<string, unknown> : {}
  if (typeof code === 'string' && Object.hasOwn(byCode, code)) return { kind: byCode[code]! }
  return { kind: type === 'invalid_request_error' ? 'client' : type === 'rate_limit_error' ? 'rate_limit' : 'fault' }
}

function fromStatus (status: number, headers: Readonly<Record<string, string | string[] | undefined>>): UpstreamRefusal {
  if (status === 401 || status === 403) return { kind: 'credentials' }
  if (status === 402) return { kind: 'quota' }
  if (status === 404) return { kind: 'not_found' }
  if (status === 429) return { kind: 'rate_limit', retryAfterMs: retryAfter(headers) }
  // Any other status than 101 opens no session: it may come from a proxy, or from a server that is no realtime provider.
  return { kind: clientStatuses.has(status) ? 'client' : 'fault', retryAfterMs: retryAfter(headers) }
}

/** Milliseconds from `retry-after-ms` or `retry-after` in seconds. The date form is not read: it needs a clock. */
function retryAfter (headers: Readonly<Record<string, string | string[] | undefined>>): number | undefined {
  const milliseconds = Number(headers['retry-after-ms'] ?? NaN)
  const seconds = Number(headers['retry-after'] ?? NaN)
  const wait = milliseconds >= 0 ? milliseconds : seconds * 1000
  return wait >= 0 ? Math.min(wait, maxRetryAfterMs) : undefined
}
