import t from 'tap'
import { answeringAtOnce, told } from '../lib/guard.ts'

t.test('what a function throws or rejects with is told, and its answer is nobody\'s concern', async t => {
  const causes: unknown[] = []
  const failed = (cause: unknown): void => { causes.push(cause) }
  told(() => { throw new Error('thrown') }, failed)
  told(async () => { throw new Error('rejected') }, failed)
  told(async () => 'fine', failed)
  told(() => {}, failed)
  await new Promise(setImmediate)
  t.match(causes, [{ message: 'thrown' }, { message: 'rejected' }])
})

t.test('an object whose functions answer at once works as before, also one of a class', async t => {
  class Host {
    readonly provider = 'mine'
    #count = 0
    next (by: number): number {
      this.#count += by
      return this.#count
    }
  }
  const host = answeringAtOnce(new Host(), 'host')
  t.equal(host.provider, 'mine')
  t.equal(host.next(2), 2)
  t.equal(host.next(3), 5)
  t.equal(host.next, host.next, 'one wrapper for each function')
})

t.test('a function that gives a promise throws at once, and its rejection is heard', async t => {
  const host = answeringAtOnce<{ ask: () => unknown }>({ ask: async () => { throw new Error('late') } }, 'host')
  t.throws(() => host.ask(), { message: 'host.ask must not be async: its answer is needed at once' })
  // An unhandled rejection would fail this file.
  await new Promise(setImmediate)
})
