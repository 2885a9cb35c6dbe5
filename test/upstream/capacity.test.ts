import fc from 'fast-check'
import t from 'tap'
import { createSlots } from '../../lib/upstream/capacity.ts'
import { holds } from '../fixtures/session/seeded.ts'

function slotsOf (clock = (): number => 0) {
  const slots = createSlots(clock)
  return { take: (id: string, maxSessions?: number, rpm?: number) => slots.take({ id, model: 'm', target: 'openai/m', maxSessions, rpm }) }
}

t.test('session starts are counted over any 60 seconds, given back or not', async t => {
  let clock = 0
  const { take } = slotsOf(() => clock)
  for (let i = 0; i < 3; i++) take('a', undefined, 3)!()
  t.equal(take('a', undefined, 3), undefined)
  clock = 59_999
  t.equal(take('a', undefined, 3), undefined)
  clock = 61_000
  t.ok(take('a', undefined, 3))
})

t.test('each id has its own slots, and a slot given back twice is one slot', async t => {
  const { take } = slotsOf()
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

t.test('no order of takes and returns gives out more slots than there are, or loses one', async t => {
  const step = fc.record({ id: fc.constantFrom('a', 'b', '__proto__'), take: fc.boolean(), which: fc.nat() })
  await holds(t, 300, fc.tuple(fc.integer({ min: 1, max: 4 }), fc.array(step, { maxLength: 80 })), ([limit, steps]) => {
    const { take: takeSlot } = slotsOf()
    const held = new Map<string, Array<() => void>>()
    const returned: Array<() => void> = []
    for (const { id, take, which } of steps) {
      const slots = held.get(id) ?? []
      held.set(id, slots)
      if (take) {
        const slot = takeSlot(id, limit)
        if ((slot !== undefined) !== (slots.length < limit)) throw new Error(`${slots.length} of ${limit} taken`)
        if (slot) slots.push(slot)
      } else if (slots.length > 0) {
        const [slot] = slots.splice(which % slots.length, 1)
        slot!()
        returned.push(slot!)
      }
      returned[which % (returned.length || 1)]?.()
    }
  })
})
