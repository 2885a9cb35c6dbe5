import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import t from 'tap'
import type { Test } from 'tap'
import { hashKey } from '../../lib/keys/hash.ts'
import { createSqlKeyAdmin } from '../../lib/keys/sql/admin.ts'
import { openPostgres } from '../../lib/store/postgres.ts'
import { request } from '../fixtures/client.ts'
import type { ClientAnswer } from '../fixtures/client.ts'
import type { Peer } from '../fixtures/peer.ts'
import { postgres, startPostgres } from '../fixtures/postgres.ts'
import { startProgram } from '../fixtures/program.ts'
import type { Program } from '../fixtures/program.ts'
import type { KeyAdmin } from '../../types/index.ts'
import { lacking } from '../processes/fixtures.ts'
import { startRedis } from './redis-server.ts'

const key = 'sk-shared-key-000001'
const skip = 'missing' in postgres ? postgres.missing : lacking('gateways that share stores', ['redis-server'])

interface Node extends Program {
  readonly port: number
}

interface World {
  readonly nodes: readonly Node[]
  readonly keys: KeyAdmin
}

/** Three gateways, each a process, over one PostgreSQL, and Redis or none. */
async function world (t: Test, redis: boolean): Promise<World> {
  const { url } = await startPostgres(t)
  const database = await openPostgres(url)
  t.teardown(() => database.close())
  const path = redis ? [(await startRedis(t)).path] : []
  const programs = [0, 1, 2].map(() => startProgram(t, process.execPath, ['--import=tsx', join(import.meta.dirname, 'programs', 'gateway.ts'), url, ...path]))
  const nodes = await Promise.all(programs.map(async program => ({ ...program, port: Number((await program.printed(/port (\d+) /))[1]) })))
  return { nodes, keys: createSqlKeyAdmin(database) }
}

function dialAll (nodes: readonly Node[], count: number): Promise<ClientAnswer[]> {
  return Promise.all(Array.from({ length: count }, (_, i) => request(nodes[i % nodes.length]!.port, { key })))
}

function peersOf (answers: readonly ClientAnswer[]): Peer[] {
  return answers.flatMap(({ peer }) => peer === undefined ? [] : [peer])
}

for (const redis of [true, false]) {
  t.test(`three nodes that share ${redis ? 'PostgreSQL and Redis' : 'PostgreSQL alone'}`, { skip }, async t => {
    const shared = await world(t, redis)
    const { nodes, keys } = shared
    await keys.createKey({ hash: hashKey(key), keyName: 'sk-...0001', maxParallelRequests: 100 }, 'test')

    await t.test('let 100 of 600 sessions in that are opened at once, and 100 again when those are over', async t => {
      const answers = await dialAll(nodes, 600)
      const first = peersOf(answers)
      t.equal(first.length, 100)
      t.equal(answers.filter(({ status, error }) => status === 429 && error?.code === 'rate_limit_exceeded').length, 500)
      for (const peer of first) peer.close(1000)
      // Each place is given back right behind its session's end.
      const next: Peer[] = []
      while (next.length < 100) next.push(...peersOf(await dialAll(nodes, 30)))
      t.equal(next.length, 100)
      t.equal((await request(nodes[0]!.port, { key })).status, 429)
      for (const peer of next) peer.close(1000)
      await Promise.all(next.map(({ closed }) => closed))
    })

    await t.test('end 300 sessions of a key within a second of its block', async t => {
      await keys.updateKey(hashKey(key), { maxParallelRequests: 300 }, 'test')
      await heard(shared)
      const peers: Peer[] = []
      while (peers.length < 300) peers.push(...peersOf(await dialAll(nodes, 300 - peers.length)))
      const from = performance.now()
      await keys.updateKey(hashKey(key), { blocked: true }, 'test')
      const endings = await Promise.all(peers.map(({ closed }) => closed))
      const ms = performance.now() - from
      t.ok(ms < 1_000, `${ms.toFixed(0)} ms`)
      console.log(`note: 300 sessions on three nodes ended ${ms.toFixed(0)} ms after the block`)
      t.ok(endings.every(({ code }) => code === 3000))
      await keys.updateKey(hashKey(key), { blocked: false, maxParallelRequests: 30 }, 'test')
      await heard(shared)
    })

    await t.test('free the places of a node that was killed within 60 seconds', async t => {
      const peers: Peer[] = []
      while (peers.length < 30) peers.push(...peersOf(await dialAll(nodes, 30 - peers.length)))
      const [dead, ...living] = nodes as [Node, Node, Node]
      const from = performance.now()
      dead.child.kill('SIGKILL')
      const next: Peer[] = []
      while (next.length < 10) {
        next.push(...peersOf([await request(living[next.length % 2]!.port, { key })]))
        if (performance.now() - from > 60_000) break
        await pause(100)
      }
      const ms = performance.now() - from
      t.equal(next.length, 10)
      console.log(`note: ten places of a killed node were free after ${(ms / 1e3).toFixed(1)} s`)
      t.equal((await request(living[0].port, { key })).status, 429, 'and those of the others are held still')
      for (const peer of [...peers, ...next]) peer.reset()
    })
  })
}

/** Resolves when every node has heard of all that was changed before: of a witness' end, which is the last change, they hear last. */
async function heard ({ nodes, keys }: World): Promise<void> {
  const witness = `sk-witness-${witnesses++}-000000`
  await keys.createKey({ hash: hashKey(witness), keyName: 'sk-...0000' }, 'test')
  const peers = peersOf(await Promise.all(nodes.map(({ port }) => request(port, { key: witness }))))
  await keys.deleteKeys([hashKey(witness)], 'test')
  await Promise.all(peers.map(({ closed }) => closed))
}

let witnesses = 0
