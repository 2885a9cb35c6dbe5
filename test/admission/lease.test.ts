import t from 'tap'
import fc from 'fast-check'
import { createLease } from '../../lib/admission/lease.ts'
import { draws, seed } from '../fixtures/draws.ts'

t.test('steps run in reverse order, once', async t => {
  const ran: number[] = []
  const lease = createLease(cause => { throw cause })
  for (const i of [1, 2, 3]) lease.defer(() => { ran.push(i) })
  lease.release()
  lease.release()
  t.strictSame(ran, [3, 2, 1])
})

t.test('a step that throws is told of and keeps no other from running', async t => {
  const ran: number[] = []
  const told: unknown[] = []
  const lease = createLease(cause => { told.push(cause) })
  lease.defer(() => { ran.push(1) })
  lease.defer(() => { throw new Error('broken') })
  lease.defer(() => { ran.push(3) })
  lease.release()
  t.strictSame(ran, [3, 1])
  t.match(told, [{ message: 'broken' }])
})

t.test('a step that is taken out does not run, and the same function may be deferred twice', async t => {
  let ran = 0
  const step = (): void => { ran++ }
  const lease = createLease(() => {})
  const takeOut = lease.defer(step)
  lease.defer(step)
  takeOut()
  lease.release()
  t.equal(ran, 1)
})

t.test('what is deferred after the release is given back at once', async t => {
  let ran = 0
  const lease = createLease(() => {})
  t.notOk(lease.released)
  lease.release()
  t.ok(lease.released)
  lease.defer(() => { ran++ })()
  t.equal(ran, 1)
})

t.test('a step that defers or releases during the release loses nothing', async t => {
  const ran: string[] = []
  const lease = createLease(() => {})
  lease.defer(() => { ran.push('first') })
  lease.defer(() => {
    lease.defer(() => { ran.push('late') })
    lease.release()
  })
  lease.release()
  t.strictSame(ran, ['late', 'first'])
})

t.test('whatever is deferred, taken out, released and thrown: each step runs exactly once or was taken out', async t => {
  t.comment(`SEED=${seed}`)
  const action = fc.oneof(
    fc.record({ kind: fc.constant('defer' as const), throws: fc.boolean() }),
    fc.record({ kind: fc.constant('take out' as const), which: fc.nat(30) }),
    fc.record({ kind: fc.constant('release' as const) })
  )
  fc.assert(fc.property(fc.array(action, { maxLength: 40 }), actions => {
    let failures = 0
    const lease = createLease(() => { failures++ })
    const steps: Array<{ runs: number, throws: boolean, takenOut: boolean, takeOut: () => void }> = []
    for (const each of actions) {
      if (each.kind === 'defer') {
        const step = { runs: 0, throws: each.throws, takenOut: false, takeOut: () => {} }
        steps.push(step)
        step.takeOut = lease.defer(() => {
          step.runs++
          if (step.throws) throw new Error('broken')
        })
      } else if (each.kind === 'release') {
        lease.release()
      } else if (steps.length > 0) {
        const step = steps[each.which % steps.length]!
        if (step.runs === 0) step.takenOut = true
        step.takeOut()
      }
    }
    lease.release()
    return steps.every(({ runs, takenOut }) => runs === (takenOut ? 0 : 1)) &&
      failures === steps.filter(({ throws, takenOut }) => throws && !takenOut).length
  }), { seed, numRuns: draws(500) })
})
