// What a text of a provider must not show. Two strengths: an `error` event is read by programs that match on its words, so only what nobody
// could mean otherwise is taken out of it; a close reason is for people, and what might be an address or a path goes too.

/** Keys with the prefixes of providers, bearer tokens, JSON web tokens. */
const keys = /\b(?:(?:sk|xai|ek|pk|rk)-[\w-]{8,}|gsk_\w{8,}|bearer\s+[\w.~+/=-]{16,}|eyJ[\w-]{6,}\.[\w.-]+)/gi

const secretTokens = /\b(?:sk|xai|ek|pk|key|token|secret|api|gsk|rk)[-_][\w-]{6,}/gi
const schemes = /\b(?:bearer\s+\S+|basic\s+[a-z0-9+/=]{16,})/gi
// Keys without a telling prefix, and JSON web tokens. A UUID is shorter.
const opaque = /\beyJ[\w-]{6,}(?:\.[\w-]+)*|\b[0-9a-f]{32}\b|[a-z0-9+/_-]{40,}/gi
const addresses = /\b(?:[a-z][a-z0-9+.-]{0,15}:\/\/\S+|\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?)/gi
// Known endings: `response.done` is an event, not a host.
const hosts = /\b[a-z0-9][a-z0-9-]{0,62}(?:\.[a-z0-9-]{1,63}){0,8}\.(?:com|net|org|io|ai|dev|app|cloud|internal|intranet|local|localdomain|lan|corp|home|svc|example|invalid|test|arpa|eu|us|uk|de|fr|cn|co)\b\.?(?::\d{1,5})?/gi
// What stands between other characters and may be an IPv6 address; the URL parser decides.
const colons = /(?<![\w:])(?:[0-9a-f]{1,4})?:[0-9a-f:]{1,38}/gi
const owners = /\b(?:org|proj|project|team|tenant|acct|account|user)[-_](?=[\w-]{0,64}[0-9A-Z])[\w-]{4,}/g
// Two steps or more: `and/or` and `/minute` are words.
const paths = /(?<![\w/])(?:[a-z]:\\[^\s"']+|~?(?:\/[\w.@+-]{1,255}){2,}(?::\d+)*)/gi
const hidden = '[redacted]'

/**
 * A peer's text without what looks like a credential, an address, a path or the id of an organisation, and without control characters.
 * @param secret what must not pass whatever it looks like
 */
export function redactText (text: string, secret?: string): string {
  const shown = [schemes, addresses, secretTokens, opaque, paths, hosts, owners].reduce((left, pattern) => left.replace(pattern, hidden), without(text, secret).replace(colons, found => URL.canParse(`http://[${found}]`) ? hidden : found))
  // eslint-disable-next-line no-control-regex -- control characters are what must go
  return shown.replace(/[\u0000-\u001f\u007f]/g, ' ')
}

/**
 * A text of an `error` event without the provider's own credential and what can only be one.
 * @param secret what must not pass whatever it looks like
 */
export function redactSecrets (text: string, secret?: string): string {
  return without(text, secret).replace(keys, hidden)
}

function without (text: string, secret: string | undefined): string {
  return secret ? text.replaceAll(secret, hidden) : text
}
