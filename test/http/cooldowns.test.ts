import t from 'tap'
import type { FastifyBaseLogger } from 'fastify'
import { guardedCooldowns } from '../../lib/http/cooldowns.ts'
import type { CooldownStore } from '../../types/index.ts'

function guarded (store: CooldownStore): { readonly store: CooldownStore, readonly logged: string[] } {
  const logged: string[] = []
  return { logged, store: guardedCooldowns(store, { error: (_: object, text: string) => { logged.push(text) } } as unknown as FastifyBaseLogger) }
}

t.test('a store that answers is asked as it is', async t => {
  const calls: unknown[] = []
  const { store, logged } = guarded({ until: id => id === 'a' ? 7 : 0, start: (...given) => { calls.push(given) }, clear: (...given) => { calls.push(given) } })
  t.equal(store.until('a'), 7)
  store.start('a', 9)
  store.clear('a')
  t.strictSame(calls, [['a', 9], ['a']])
  t.strictSame(logged, [])
})

t.test('one that throws, or rejects, is logged, and knows of no cooldown', async t => {
  for (const fail of [(): never => { throw new Error('away') }, async (): Promise<never> => { throw new Error('away') }]) {
    const { store, logged } = guarded({ until: fail as unknown as () => number, start: fail, clear: fail })
    t.equal(store.until('a'), 0)
    t.doesNotThrow(() => store.start('a', 9))
    t.doesNotThrow(() => store.clear('a'))
    await new Promise(setImmediate)
    t.strictSame(logged, ['cooldowns.until failed', 'cooldowns.start failed', 'cooldowns.clear failed'])
  }
})
