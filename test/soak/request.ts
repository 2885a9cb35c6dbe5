import type { Plan } from './plan.ts'

/** The key of every client, which the host's own authentication knows. */
export const clientKey = 'sk-soak-client-000001'

/** The handshake of a plan's client. What the host is to do with it is in its query, which the upstream sees as well. */
export function requestOf ({ id, faults: { request, client }, byEvent, restricted, model, hookMs }: Plan): string {
  const asked = request === 'unknown-model' ? 'nobody' : request === 'dead-model' ? 'dead' : request === 'limited-model' ? 'limited' : model
  // Only a session without parameters of its own can have a warm socket.
  if (asked === 'warm') return handshake('?model=warm', `${clientKey}-${id}`, byEvent)
  const query = new URLSearchParams({ attempt: String(id) })
  if (request !== 'no-model') query.set('model', asked)
  if (hookMs > 0) query.set('hook', String(hookMs))
  if (request === 'hook-throws') query.set('hook', 'throw')
  if (request === 'hook-hangs') query.set('hook', 'hang')
  if (restricted) query.set('restricted', '1')
  if (client?.kind === 'kicked') query.set('kick', '300')

  const key = request === 'no-key' ? undefined : request === 'bad-key' ? 'sk-soak-nobody-000001' : clientKey
  return handshake(`?${query}`, key, byEvent, request !== 'no-upgrade')
}

function handshake (query: string, key: string | undefined, byEvent: boolean, upgrades = true): string {
  return [
    `GET /v1/realtime${query} HTTP/1.1`,
    'Host: 127.0.0.1',
    ...(upgrades ? ['Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='] : []),
    ...(key === undefined ? [] : byEvent ? [`Sec-WebSocket-Protocol: realtime, openai-insecure-api-key.${key}`] : [`Authorization: Bearer ${key}`]),
    '', ''
  ].join('\r\n')
}

/** The plan's id, from the first bytes of a handshake. */
export function attemptOf (text: string): number | undefined {
  const [, id] = /[?&]attempt=(\d+)|-client-000001-(\d+)/.exec(text)?.filter(part => part !== undefined) ?? []
  return id === undefined ? undefined : Number(id)
}
