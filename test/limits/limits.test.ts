import fc from 'fast-check'
import t from 'tap'
import { createPlaces } from '../../lib/limits/places.ts'
import { createUnfinishedBytes } from '../../lib/limits/unfinished.ts'
import { holds } from '../fixtures/session/seeded.ts'

function placesOf (clock = (): number => 0) {
  const places = createPlaces(clock)
  return { take: (id: string, maxSessions?: number, rpm?: number) => places.take({ id, model: 'm', target: 'openai/m', maxSessions, rpm }) }
}

t.test('session starts are counted over any 60 seconds, given back or not', async t => {
  let clock = 0
  const { take } = placesOf(() => clock)
  for (let i = 0; i < 3; i++) take('a', undefined, 3)!()
  t.equal(take('a', undefined, 3), undefined)
  clock = 59_999
  t.equal(take('a', undefined, 3), undefined)
  clock = 61_000
  t.ok(take('a', undefined, 3))
})

t.test('each id has its own places, and a place given back twice is one place', async t => {
  const { take } = placesOf()
  const first = take('a', 2)
  t.ok(first)
  t.ok(take('a', 2))
  t.equal(take('a', 2), undefined)
  t.ok(take('b', 1))
  first!()
  first!()
  t.ok(take('a', 2))
  t.equal(take('a', 2), undefined)
  t.equal(take('c', 0), undefined)
})

t.test('no order of takes and returns gives out more places than there are, or loses one', async t => {
  const step = fc.record({ id: fc.constantFrom('a', 'b', '__proto__'), take: fc.boolean(), which: fc.nat() })
  await holds(t, 300, fc.tuple(fc.integer({ min: 1, max: 4 }), fc.array(step, { maxLength: 80 })), ([limit, steps]) => {
    const { take: takePlace } = placesOf()
    const held = new Map<string, Array<() => void>>()
    const returned: Array<() => void> = []
    for (const { id, take, which } of steps) {
      const places = held.get(id) ?? []
      held.set(id, places)
      if (take) {
        const place = takePlace(id, limit)
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
