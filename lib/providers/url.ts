/**
 * The WebSocket URL of what an operator wrote as a provider's base: `ws(s)://` or `http(s)://`, its path as it is.
 * @throws TypeError when `base` is not such a URL
 */
export function socketUrl (base: string): URL {
  const url = new URL(base)
  if (url.protocol === 'http:') url.protocol = 'ws:'
  else if (url.protocol === 'https:') url.protocol = 'wss:'
  else if (url.protocol !== 'ws:' && url.protocol !== 'wss:') throw new TypeError('must be a ws(s):// or http(s):// URL')
  if (url.username !== '' || url.password !== '') throw new TypeError('must not hold a user or a password')
  url.hash = ''
  return url
}

/**
 * The WebSocket URL of a provider's realtime endpoint from what an operator wrote as its base: `ws(s)://` or
 * `http(s)://`, with or without `/v1`, `/v1/realtime`, a trailing slash or a query of its own.
 * @throws TypeError when `base` is not such a URL
 */
export function realtimeUrl (base: string): URL {
  const url = socketUrl(base)
  const path = url.pathname.replace(/\/$/, '')
  if (path.endsWith('/realtime')) url.pathname = path
  else url.pathname = path.endsWith('/v1') ? `${path}/realtime` : `${path}/v1/realtime`
  return url
}

/**
 * Whether a URL of `socketUrl` leads to another machine without TLS. `*.localhost` counts as another machine, because the system's resolver
 * may send it anywhere.
 */
export function isExposed ({ protocol, hostname }: URL): boolean {
  // `URL` has normalised every notation of an IPv4 address to this one.
  return protocol === 'ws:' && hostname !== 'localhost' && hostname !== '[::1]' && !/^127(?:\.\d+){3}$/.test(hostname)
}

/** Adds a client's parameters to `url`; one that the URL has already stays as the operator wrote it. */
export function addQuery (url: URL, query: URLSearchParams): void {
  const fixed = new Set(url.searchParams.keys())
  for (const [name, value] of query) {
    if (!fixed.has(name)) url.searchParams.append(name, value)
  }
}
