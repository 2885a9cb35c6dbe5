import type { IncomingMessage } from 'node:http'
import t from 'tap'
import { connect, dial, start } from './client.ts'
import type { Client } from './client.ts'

async function refused ({ ws }: Client): Promise<{ status: number | undefined, body: string }> {
  const response = await new Promise<IncomingMessage>(resolve => ws.on('unexpected-response', (_request, answer) => resolve(answer)))
  let body = ''
  for await (const part of response) body += String(part)
  return { status: response.statusCode, body }
}

const headers = { 'api-key': 'k' }

t.test('Azure takes a key or a bearer token, and refuses at the upgrade what it cannot serve', async t => {
  const simulator = await start(t, { flavour: 'azure', apiKeys: ['k', 'entra'], models: ['voice'] })
  for (const [query, given, status] of [
    ['model=voice', {}, 401],
    ['model=voice', { 'api-key': 'wrong' }, 401],
    ['model=voice', { Authorization: 'Bearer wrong' }, 401],
    ['model=voice&api-version=2025-04-01-preview', headers, 401],
    ['model=voice&api-version=', { Authorization: 'Bearer entra' }, 401],
    ['model=other', headers, 404],
    ['', headers, 404]
  ] as const) t.equal((await refused(dial(simulator, { query, headers: given }))).status, status, `${query} ${JSON.stringify(given)}`)
  for (const given of [headers, { Authorization: 'Bearer entra' }]) {
    const client = await connect(simulator, { query: 'model=voice', headers: given })
    await client.next('session.created')
  }
})

t.test('Azure has nothing at another path', async t => {
  const simulator = await start(t, { flavour: 'azure' })
  for (const path of ['/v1/realtime', '/openai/realtime', '/openai/v1', '/']) {
    const url = new URL(path, simulator.url).href
    const answer = await refused(dial({ ...simulator, url } as typeof simulator, { query: 'model=voice', headers }))
    t.equal(answer.status, 404, path)
    t.match(JSON.parse(answer.body), { error: { code: '404' } })
  }
})
