import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { connect, request } from '../fixtures/client.ts'
import type { Peer } from '../fixtures/peer.ts'
import { deploymentOf, hostArgs, key, skipNote, start, stateOf, untilState } from './fixtures.ts'

const title = 'jumps of the clock'
const folders = ['/usr/lib', ...existsSync('/usr/lib') ? readdirSync('/usr/lib').filter(name => name.endsWith('-linux-gnu')).map(name => `/usr/lib/${name}`) : []]
const library = folders.map(folder => join(folder, 'faketime', 'libfaketimeMT.so.1')).find(existsSync)
const skip = library === undefined && 'it takes libfaketime'
if (skip !== false) console.error(skipNote(title, skip))

const hour = 3_600_000
let echoes = 0

async function echoed (client: Peer): Promise<void> {
  const type = `still.there.${++echoes}`
  client.send({ type })
  await client.until(() => client.messages.some(({ payload }) => payload.includes(type)), 'the echo')
}

t.test('jumps of the wall clock end no session but those whose key has expired by it', { skip }, async t => {
  const file = join(t.testdir(), 'offset')
  const jump = (seconds: string): void => writeFileSync(file, `${seconds}\n`)
  jump('+0')
  const provider = await start(t, 'provider')
  const brief = 'sk-brief-key-0001'
  const options = { deployments: [deploymentOf(provider)], pingInterval: 500, pongTimeout: 500, idleTimeout: 60_000, keys: [{ key }, { key: brief, expiresAt: new Date(Date.now() + hour / 2).toISOString() }] }
  // Only the wall clock jumps, as it does when somebody sets it. The file is read at each look at the clock.
  const gateway = await start(t, 'host', await hostArgs(options), {
    env: { LD_PRELOAD: library!, FAKETIME_TIMESTAMP_FILE: file, FAKETIME_NO_CACHE: '1', FAKETIME_DONT_FAKE_MONOTONIC: '1', NODE_OPTIONS: '' }
  })
  const jumped = async (seconds: string, ms: number): Promise<void> => {
    jump(seconds)
    await untilState(gateway, ({ time }) => Math.abs(time - Date.now() - ms) < hour / 10)
  }
  const lasting = await connect(gateway.port, { key })
  const ending = await connect(gateway.port, { key: brief })
  const pinged = (n: number): Promise<void> => lasting.until(() => lasting.pings.length >= n, 'a ping')

  await jumped('-3600', -hour)
  await pinged(lasting.pings.length + 2)
  await Promise.all([echoed(lasting), echoed(ending)])
  const early = await connect(gateway.port, { key: brief })
  await echoed(early)

  await jumped('+3600', hour)
  for (const client of [ending, early]) {
    t.equal((await client.closed).code, 3000)
    t.match(JSON.parse(client.messages.at(-1)!.payload.toString()), { error: { code: 'key_expired' } })
  }
  t.match(await request(gateway.port, { key: brief }), { status: 401, error: { code: 'key_expired' } })
  await pinged(lasting.pings.length + 2)
  await echoed(lasting)
  await echoed(await connect(gateway.port, { key }))

  await jumped('+0', 0)
  t.equal((await request(gateway.port, { key: brief })).status, 101, 'the key has not expired any more')
  await pinged(lasting.pings.length + 2)
  await echoed(lasting)
  t.equal(lasting.ending, undefined)
  t.match((await stateOf(gateway)).deployments, [{ state: 'ready' }])
})
