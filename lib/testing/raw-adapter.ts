import type { UpstreamAdapter } from '../../types/index.ts'

/**
 * An adapter for a WebSocket server of one's own (`target: 'raw/…'`), for tests and benchmarks: it connects to
 * `baseUrl` as it stands, with `Authorization: Bearer` when the deployment has an `apiKey`, and counts as ready as soon
 * as the socket is open.
 */
export const rawAdapter: UpstreamAdapter = {
  provider: 'raw',
  readyAt: () => 'open',
  request ({ baseUrl, apiKey }) {
    if (baseUrl === undefined) throw new TypeError('a raw deployment needs a baseUrl')
    return { url: baseUrl, headers: { ...(apiKey !== undefined && { Authorization: `Bearer ${apiKey}` }) } }
  }
}
