import { setTimeout as sleep } from 'node:timers/promises'
import { performance } from 'node:perf_hooks'
import t from 'tap'
import { connect } from '../fixtures/client.ts'
import type { Peer } from '../fixtures/peer.ts'
import { deploymentOf, hostArgs, key, start } from './fixtures.ts'

const pieces = ({ messages }: Peer): number[] => messages.flatMap(({ payload }) => {
  const { number } = JSON.parse(payload.toString()) as { number?: number }
  return number === undefined ? [] : [number]
})

async function speaking (port: number): Promise<Peer> {
  const client = await connect(port, { key })
  client.send({ type: 'response.create' })
  await client.until(() => pieces(client).length >= 5, 'audio')
  return client
}

// Eight times everything that a clock of the gateway allows: as 60 s would be with the clocks of the defaults.
const clocks = { pingInterval: 500, pongTimeout: 500, stallTimeout: 1_000 }
const frozenFor = 8_000

t.test('a gateway that was frozen cuts nobody when it goes on', async t => {
  const provider = await start(t, 'provider')
  const gateway = await start(t, 'host', await hostArgs({ deployments: [deploymentOf(provider)], ...clocks }))
  const clients = await Promise.all(Array.from({ length: 10 }, () => speaking(gateway.port)))
  const silent = await connect(gateway.port, { key })
  gateway.child.kill('SIGSTOP')
  // What is tested is that this time passes.
  await sleep(frozenFor)
  const before = clients.map(client => pieces(client).length)
  gateway.child.kill('SIGCONT')
  await Promise.all(clients.map((client, i) => client.until(() => pieces(client).length >= before[i]! + 100, 'more audio')))
  for (const client of clients) t.strictSame(pieces(client), pieces(client).map((_, i) => i + 1), 'every piece, in its order')
  silent.send({ type: 'still.there' })
  await silent.until(() => silent.messages.some(({ payload }) => payload.includes('still.there')), 'the echo')
  t.strictSame([...clients, silent].map(({ ending }) => ending), Array(11).fill(undefined))
})

t.test('a provider that freezes in the middle of a response is found by the heartbeat, and the other provider is not touched', async t => {
  const [frozen, other] = await Promise.all([start(t, 'provider'), start(t, 'provider')])
  const deployments = [deploymentOf(frozen), { ...deploymentOf(other), model: 'other' }]
  const gateway = await start(t, 'host', await hostArgs({ deployments, pingInterval: 1_000, pongTimeout: 1_000 }))
  const client = await speaking(gateway.port)
  const healthy = await connect(gateway.port, { key, model: 'other' })
  frozen.child.kill('SIGSTOP')
  const since = performance.now()
  const { code } = await client.closed
  const ms = performance.now() - since
  frozen.child.kill('SIGCONT')
  console.error(`note: a frozen provider was found after ${Math.round(ms)} ms, with pingInterval + pongTimeout = 2000 ms`)
  t.equal(code, 1011)
  t.match(JSON.parse(client.messages.at(-1)!.payload.toString()), { type: 'error', error: { code: 'peer_timeout' } })
  t.ok(ms < 3_500, `${ms} ms`)
  healthy.send({ type: 'still.there' })
  await healthy.until(() => healthy.messages.some(({ payload }) => payload.includes('still.there')), 'the echo')
  t.equal(healthy.ending, undefined)
})
