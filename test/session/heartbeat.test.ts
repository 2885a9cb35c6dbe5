import fc from 'fast-check'
import t from 'tap'
import { defaults } from '../../lib/options/defaults.ts'
import { Heartbeat } from '../../lib/session/heartbeat.ts'
import type { HeartbeatLimits } from '../../lib/session/heartbeat.ts'
import { holds } from '../fixtures/session/seeded.ts'

/**
 * Sweeps a leg once a second. A step says what happened in that second: `h`eard, `u`nread by us, `s`talled (it takes nothing), `U` and `S` the same
 * and heard, `.` nothing.
 */
function run (steps: string, limits: HeartbeatLimits = defaults, probes = false): { pings: number[], diedAt: number | undefined } {
  const pings: number[] = []
  let at = 0
  const leg = { heard: true, ping: () => { pings.push(at) } }
  const heartbeat = new Heartbeat(leg, limits, 0, probes)
  for (const step of steps) {
    at++
    if ('hUS'.includes(step)) leg.heard = true
    if (heartbeat.check(at * 1_000, { unread: 'uU'.includes(step), stalled: 'sS'.includes(step) })) return { pings, diedAt: at }
  }
  return { pings, diedAt: undefined }
}

t.test('a silent leg is pinged after pingInterval and dead pongTimeout after that', async t => {
  t.strictSame(run('.'.repeat(60)), { pings: [16], diedAt: 31 })
  t.strictSame(run('.'.repeat(60), { pingInterval: 5_000, pongTimeout: 3_000, stallTimeout: 30_000 }), { pings: [6], diedAt: 9 })
})

t.test('with the defaults a dead peer is found within 35 seconds of its last sign of life, whenever that was', async t => {
  for (let alive = 0; alive < 40; alive++) {
    const { diedAt } = run('h'.repeat(alive) + '.'.repeat(60), defaults)
    if (diedAt === undefined || diedAt - alive > 35) t.fail(`last heard after ${alive} s, found after ${diedAt} s`)
  }
  for (let pongs = 1; pongs < 20; pongs++) {
    const steps = ('.'.repeat(16) + 'h').repeat(pongs)
    const { diedAt } = run(steps + '.'.repeat(60), defaults)
    if (diedAt === undefined || diedAt - steps.length > 35) t.fail(`found after ${diedAt} s`)
  }
  t.pass('found')
})

t.test('a leg that is heard is not pinged, and one that answers lives', async t => {
  t.strictSame(run(('.'.repeat(14) + 'h').repeat(20)), { pings: [], diedAt: undefined })
  const { pings, diedAt } = run(('.'.repeat(16) + '.'.repeat(13) + 'h').repeat(20))
  t.equal(diedAt, undefined)
  t.equal(pings.length, 20, 'one ping for each silence')
})

t.test('a leg that is not read is pinged on, and not judged: its pong may lie unread', async t => {
  const { pings, diedAt } = run('u'.repeat(300))
  t.equal(diedAt, undefined)
  t.ok(pings.length >= 9, `${pings.length} pings in five minutes`)
})

t.test('a leg that is to be probed is pinged at every look while it is not read', async t => {
  t.strictSame(run('..uuuu..', defaults, true), { pings: [3, 4, 5, 6], diedAt: undefined })
})

t.test('a peer that takes nothing and says nothing is dead within 35 seconds, whenever it stopped taking', async t => {
  for (let before = 0; before <= 30; before++) {
    const { diedAt } = run('h' + '.'.repeat(before) + 's'.repeat(60))
    if (diedAt === undefined || diedAt > 36) t.fail(`stalled after ${before} s, found after ${diedAt} s`)
  }
  t.pass('found')
})

t.test('where the host gives a stalled peer longer, one whose ping waits is not judged, and one that was pinged before is', async t => {
  const patient = { ...defaults, stallTimeout: 120_000 }
  t.equal(run('s'.repeat(110), patient).diedAt, undefined)
  t.equal(run('.'.repeat(20) + 's'.repeat(60), patient).diedAt, 31)
})

t.test('a slow reader that takes something now and then is alive', async t => {
  t.equal(run(('s'.repeat(14) + 'S').repeat(20)).diedAt, undefined)
})

t.test('a leg that was not read, or had stalled, has all of pongTimeout to answer', async t => {
  for (const deaf of ['u', 's']) {
    for (let seconds = 1; seconds < 30; seconds++) {
      const { diedAt } = run(deaf.repeat(seconds) + '.'.repeat(80))
      if (diedAt === undefined || diedAt - seconds < 15) t.fail(`${deaf} for ${seconds} s, cut after ${diedAt} s`)
      else if (diedAt - seconds > 35) t.fail(`${deaf} for ${seconds} s, found after ${diedAt} s`)
    }
  }
  t.pass('judged in time, and not before')
})

t.test('time that this process slept is not the peer\'s silence', async t => {
  // The clock of a heartbeat is the registry's, which counts a late sweep as two at most.
  const leg = { heard: true, ping: () => {} }
  const heartbeat = new Heartbeat(leg, defaults, 0, false)
  const reading = { unread: false, stalled: false }
  t.equal(heartbeat.check(1_000, reading), false)
  t.equal(heartbeat.check(3_000, reading), false)
  t.equal(heartbeat.check(5_000, reading), false)
})

t.test('no leg that is heard at least once in every 14 seconds ever dies', async t => {
  await holds(t, 300, fc.array(fc.tuple(fc.nat(13), fc.constantFrom('h', 'U', 'S')), { maxLength: 40 }), pauses => {
    const steps = pauses.map(([silence, heard]) => '.'.repeat(silence) + heard).join('')
    const { diedAt } = run(steps)
    if (diedAt !== undefined) throw new Error(`dead after ${diedAt} of ${steps}`)
  })
})
