import fc from 'fast-check'
import t from 'tap'
import { FairShare } from '../../lib/admission/fair-share.ts'
import { OpenRate } from '../../lib/admission/open-rate.ts'
import { holds } from '../fixtures/session/seeded.ts'

function taken (shares: FairShare, owner: string, count: number): number {
  return Array.from({ length: count }, () => shares.take(owner)).filter(place => place !== undefined).length
}

t.test('who is alone may hold all', async t => {
  t.equal(taken(new FairShare(100), 'a', 100), 100)
})

t.test('below 80 % everybody may take what there is', async t => {
  const shares = new FairShare(100)
  t.equal(taken(shares, 'b', 1), 1)
  t.equal(taken(shares, 'a', 79), 79)
})

t.test('above 80 % whoever holds more than an even share takes no further place, and others do', async t => {
  const shares = new FairShare(100)
  taken(shares, 'a', 80)
  t.equal(taken(shares, 'b', 1), 1)
  t.equal(taken(shares, 'a', 1), 0)
  t.equal(taken(shares, 'b', 19), 19)
})

t.test('owners who are known and hold nothing keep room for themselves', async t => {
  const shares = new FairShare(100)
  t.equal(Array.from({ length: 100 }, () => shares.take('a', 2)).filter(place => place !== undefined).length, 80)
  t.equal(taken(shares, 'b', 20), 20)
})

t.test('a place that is given back twice is one place', async t => {
  const shares = new FairShare(10)
  taken(shares, 'a', 7)
  const place = shares.take('b')!
  place()
  place()
  t.equal(taken(shares, 'a', 1), 1)
  t.equal(taken(shares, 'b', 1), 1)
  t.equal(taken(shares, 'a', 1), 0)
})

t.test('whoever holds no more than an even share is never refused, whatever others take', async t => {
  const steps = fc.array(fc.record({ owner: fc.nat(4), back: fc.boolean() }), { maxLength: 200 })
  await holds(t, 300, steps, steps => {
    const shares = new FairShare(20)
    const held = new Map<number, Array<() => void>>()
    for (const { owner, back } of steps) {
      const own = held.get(owner) ?? []
      held.set(owner, own)
      if (back) {
        own.pop()?.()
        continue
      }
      const used = [...held.values()].reduce((sum, places) => sum + places.length, 0)
      const owners = [...held.values()].filter(places => places.length > 0).length + (own.length === 0 ? 1 : 0)
      const place = shares.take(`${owner}`)
      const isFair = own.length <= used / owners
      if ((place === undefined) !== (used >= 16 && !isFair)) throw new Error(`${own.length} of ${used} places, ${owners} owners: ${place === undefined ? 'refused' : 'taken'}`)
      if (place !== undefined) own.push(place)
    }
  })
})

t.test('an owner opens burst at once and rate for long, and another is not held up', async t => {
  const rate = new OpenRate(10, 20)
  const opened = (owner: string, now: number): number => Array.from({ length: 50 }, () => rate.admits(owner, now)).filter(Boolean).length
  t.equal(opened('a', 0), 20)
  t.equal(opened('b', 0), 20)
  t.equal(opened('a', 1_000), 10)
})

t.test('owners who have not come for long are forgotten, and those who come are not', async t => {
  const rate = new OpenRate(1, 10)
  let opened = 0
  for (let i = 0; i < 100_000; i++) {
    rate.admits(`${i}`, i)
    if (i % 10 === 0 && rate.admits('busy', i)) opened++
  }
  t.ok(rate.size < 5_000, `${rate.size} owners`)
  t.ok(opened <= 110, `${opened} in 100 seconds`)
})
