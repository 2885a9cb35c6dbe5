import fc from 'fast-check'
import t from 'tap'
import { createHeldBytes } from '../../lib/wire/held-bytes.ts'
import { holds } from '../fixtures/session/seeded.ts'

/** A session whose end is written down. */
function sessions (cap: number): { readonly shed: string[], readonly open: (owner: string, name: string) => ReturnType<ReturnType<typeof createHeldBytes>['account']> } {
  const pool = createHeldBytes(cap)
  const shed: string[] = []
  return { shed, open: (owner, name) => pool.account(owner, () => shed.push(name)) }
}

t.test('beyond the cap, the owner who holds most loses the largest session, whoever went beyond', async t => {
  const { shed, open } = sessions(1_000)
  for (const owner of ['b', 'c', 'd']) open(owner, owner).add(240)
  open('a', 'small').add(100)
  open('a', 'large').add(149)
  t.strictSame(shed, [])
  open('e', 'newcomer').add(60)
  t.strictSame(shed, ['large'])
})

t.test('the sessions of one owner hold a quarter of the cap, however many they are', async t => {
  const { shed, open } = sessions(1_000)
  const large = open('a', 'large')
  large.add(100)
  for (let i = 0; i < 3; i++) open('a', `small ${i}`).add(50)
  t.strictSame(shed, [])
  open('a', 'last').add(1)
  t.strictSame(shed, ['large'])
})

t.test('what is given back makes room, and a session that is over holds nothing', async t => {
  const { shed, open } = sessions(1_000)
  const account = open('a', 'a')
  account.add(250)
  account.add(-250)
  account.add(250)
  account.close()
  open('a', 'b').add(250)
  t.strictSame(shed, [])
})

t.test('a session that was shed counts no more, and is shed once', async t => {
  const { shed, open } = sessions(1_000)
  const account = open('a', 'a')
  account.add(300)
  account.add(300)
  account.add(-600)
  account.close()
  open('a', 'b').add(250)
  t.strictSame(shed, ['a'])
})

t.test('whatever is taken and given back, nobody holds more than a quarter and all no more than the cap, and the largest is shed', async t => {
  const steps = fc.array(fc.record({ session: fc.nat(11), bytes: fc.integer({ min: 1, max: 200 }), back: fc.boolean() }), { maxLength: 200 })
  await holds(t, 300, steps, async steps => {
    const pool = createHeldBytes(800)
    const held = new Array<number>(12).fill(0)
    const gone = new Set<number>()
    const owner = (session: number): number => session % 6
    const accounts = held.map((_, session) => pool.account(String(owner(session)), () => {
      const largest = Math.max(...held.filter((_, other) => owner(other) === owner(session) && !gone.has(other)))
      if (gone.has(session) || held[session]! < largest) throw new Error('shed twice, or there was a larger one of the same owner')
      gone.add(session)
      held[session] = 0
    }))
    for (const { session, bytes, back } of steps) {
      if (gone.has(session)) continue
      const more = back ? -Math.min(bytes, held[session]!) : bytes
      held[session]! += more
      accounts[session]!.add(more)
      const sum = (of: (session: number) => boolean): number => held.reduce((total, bytes, each) => of(each) ? total + bytes : total, 0)
      if (sum(() => true) > 800) throw new Error('more than the cap')
      for (let i = 0; i < 6; i++) if (sum(each => owner(each) === i) > 200) throw new Error('more than a quarter')
    }
  })
})
