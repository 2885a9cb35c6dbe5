import t from 'tap'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { createBell } from './fixtures/bell.ts'
import { connect, request, requestText } from './fixtures/client.ts'
import { deploymentAt, startGateway } from './fixtures/gateway.ts'
import { encodeAs, Peer } from './fixtures/peer.ts'
import { ready, sessionCreated, startUpstream } from './fixtures/upstream.ts'
import type { Script } from './fixtures/upstream.ts'
import { dial, readHead } from './fixtures/wire/raw-http.ts'
import { watchTimers } from './fixtures/timers.ts'

// Eight ways to vanish, this many clients each: 504.
const batch = 63

const bell = createBell()
let asked = 0
let gate: Promise<void> | undefined

const upstream = await startUpstream(t)
const gateway = await startGateway(t, {
  deployments: [deploymentAt(upstream, { maxSessions: batch })],
  maxUpgrades: batch + 1,
  lingerTimeout: 50,
  // undefined leaves it to the keys; what counts is when.
  async authenticate () {
    asked++
    bell.ring()
    await gate
    return undefined
  }
})

const speaking: Script = call => {
  const peer = call.accept()
  peer.send(sessionCreated)
  peer.send({ type: 'response.created' })
  const delta = encodeAs('server', 1, Buffer.from(JSON.stringify({ type: 'response.output_audio.delta', delta: 'A'.repeat(1000) })))
  peer.socket.write(Buffer.concat([delta, delta.subarray(0, 500)]))
}

interface Stage {
  readonly script: Script
  /** Brings clients to the point where they vanish. */
  reach (): Promise<Socket[]>
  /** After they are gone. */
  after? (): void
}

async function dialled (): Promise<Socket[]> {
  const sockets = await Promise.all(Array.from({ length: batch }, () => dial(gateway.port)))
  for (const socket of sockets) {
    socket.on('error', () => {})
    socket.write(requestText())
  }
  return sockets
}

const stages: Readonly<Record<string, Stage>> = {
  'during authentication': {
    script: ready,
    async reach () {
      let open = (): void => {}
      gate = new Promise(resolve => { open = resolve })
      this.after = () => {
        open()
        gate = undefined
      }
      const before = asked
      const sockets = await dialled()
      await bell.until(() => asked === before + batch, 'every client is being authenticated')
      return sockets
    }
  },
  'during the dial': {
    script: () => {},
    async reach () {
      const before = upstream.calls.length
      const sockets = await dialled()
      await upstream.call(before + batch - 1)
      return sockets
    }
  },
  'right after 101': {
    script: ready,
    async reach () {
      const sockets = await dialled()
      await Promise.all(sockets.map(socket => readHead(socket, 10_000)))
      return sockets
    }
  },
  'in the middle of a delta': {
    script: speaking,
    async reach () {
      const sockets = await dialled()
      await Promise.all(sockets.map(async socket => {
        const { rest } = await readHead(socket, 10_000)
        await new Peer(socket, 'client', rest).message(2)
      }))
      return sockets
    }
  }
}

/** Waits until the gateway has seen the last client leave. */
async function noConnection (): Promise<void> {
  const until = performance.now() + 5_000
  for (;;) {
    const count = await new Promise<number>((resolve, reject) => {
      gateway.fastify.server.getConnections((error, count) => error === null ? resolve(count) : reject(error))
    })
    if (count === 0) return
    if (performance.now() > until) throw new Error(`${count} connections are left`)
    await nextTurn()
  }
}

const timers = watchTimers()

/** What the process holds, counted by kind. */
function resources (): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const kind of process.getActiveResourcesInfo()) counts[kind] = (counts[kind] ?? 0) + 1
  return { ...counts, timersOfTheGateway: timers.size }
}

/** Waits until sockets that are destroyed have said so and are counted out. */
async function settled (): Promise<Record<string, number>> {
  for (let i = 0; i < 5; i++) await nextTurn()
  return resources()
}

for (const [title, stage] of Object.entries(stages)) {
  for (const leave of ['end', 'resetAndDestroy'] as const) {
    t.test(`${batch} clients that vanish ${title} by ${leave === 'end' ? 'FIN' : 'RST'} leave nothing behind`, async t => {
      upstream.script = stage.script
      const before = await settled()
      const dialledBefore = upstream.counts.opened
      const sockets = await stage.reach()
      t.ok(timers.size >= 1, 'timers are counted')
      const gone = sockets.map(socket => once(socket.resume(), 'close'))
      for (const socket of sockets) socket[leave]()
      await Promise.all(gone)
      await noConnection()
      await settled()
      stage.after?.()
      await gateway.idle()
      await upstream.idle()
      if (title === 'during authentication') t.equal(upstream.counts.opened, dialledBefore, 'nothing was dialled for them')
      t.equal(gateway.fastify.realtime.sessions.size, 0)
      t.strictSame(await settled(), before, 'no timer, no socket')

      upstream.script = ready
      const all = await Promise.all(Array.from({ length: batch }, () => connect(gateway.port)))
      t.equal(gateway.fastify.realtime.sessions.size, batch, 'every slot is free again')
      t.equal((await request(gateway.port)).error?.code, 'rate_limit_exceeded', 'and not one more')
      for (const client of all) client.close(1000)
      await Promise.all(all.map(({ closed }) => closed))
      await gateway.idle()
      await upstream.idle()
    })
  }
}
