import fc from 'fast-check'
import t from 'tap'
import { createSlots } from '../../lib/limits/slots.ts'
import { createUnfinishedBytes } from '../../lib/limits/unfinished.ts'
import { holds } from '../fixtures/session/seeded.ts'

t.test('each id has its own places, and a place given back twice is one place', async t => {
  const slots = createSlots()
  const first = slots.take('a', 2)
  t.ok(first)
  t.ok(slots.take('a', 2))
  t.equal(slots.take('a', 2), undefined)
  t.ok(slots.take('b', 1))
  first!()
  first!()
  t.ok(slots.take('a', 2))
  t.equal(slots.take('a', 2), undefined)
  t.equal(slots.take('c', 0), undefined)
})

t.test('no order of takes and returns gives out more places than there are, or loses one', async t => {
  const step = fc.record({ id: fc.constantFrom('a', 'b', '__proto__'), take: fc.boolean(), which: fc.nat() })
  await holds(t, 300, fc.tuple(fc.integer({ min: 1, max: 4 }), fc.array(step, { maxLength: 80 })), ([limit, steps]) => {
    const slots = createSlots()
    const held = new Map<string, Array<() => void>>()
    const returned: Array<() => void> = []
    for (const { id, take, which } of steps) {
      const places = held.get(id) ?? []
      held.set(id, places)
      if (take) {
        const place = slots.take(id, limit)
        if ((place !== undefined) !== (places.length < limit)) throw new Error(`${places.length} of ${limit} taken`)
        if (place) places.push(place)
      } else if (places.length > 0) {
        const [place] = places.splice(which % places.length, 1)
        place!()
        returned.push(place!)
      }
      returned[which % (returned.length || 1)]?.()
    }
  })
})

t.test('unfinished bytes are within the cap until they go beyond it, and again when they are given back', async t => {
  const unfinished = createUnfinishedBytes(100)
  t.ok(unfinished.add(100))
  t.notOk(unfinished.add(1))
  t.ok(unfinished.add(-1))
  t.notOk(unfinished.add(50))
  t.ok(unfinished.add(-150))
  t.ok(unfinished.add(100))
})
