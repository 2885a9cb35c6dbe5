import t from 'tap'
import { createAuthority } from '../../lib/keys/authority.ts'
import type { Authority, Subject } from '../../lib/keys/authority.ts'
import { createMemoryKeyAdmin } from '../../lib/keys/memory-admin.ts'
import type { AuditRow, KeyAdmin, Principal } from '../../types/index.ts'

const hash = 'aa'
const principal: Principal = { id: 'one', keyHash: hash, team: 'red' }

// A poll alone keeps no process alive.
const alive = setInterval(() => {}, 1_000)
t.teardown(() => clearInterval(alive))

interface Followed {
  readonly authority: Authority
  /** What happened to the store, in order. */
  readonly heard: string[]
}

function follow (t: { teardown (end: () => void): void }, store: Partial<KeyAdmin>): Followed {
  const heard: string[] = []
  const authority = createAuthority({ ...createMemoryKeyAdmin(), ...store }, {
    time: Date.now, now: () => performance.now(), away: cause => { heard.push(`away: ${(cause as Error).message}`) }, back: () => { heard.push('back') }, patience: 200
  })
  t.teardown(() => authority.close())
  return { authority, heard }
}

/** A session, and the first thing that it hears. */
function subject (): { subject: Subject, told: Promise<string> } {
  let tell = (_what: string): void => {}
  const told = new Promise<string>(resolve => { tell = resolve })
  return { told, subject: { principal, changed: next => tell(`changed ${next.id}`), revoked: error => tell(error.code) } }
}

const change = (seq: number, more: Partial<AuditRow> = {}): AuditRow => ({ seq, at: 0, by: 'x', action: 'update', kind: 'key', id: hash, fields: [], ...more })

t.test('what was let in before the store first told of changes is looked up when it does', async t => {
  let answer = (_last: number): void => {}
  const { authority } = follow(t, {
    lastChange: () => new Promise(resolve => { answer = resolve }),
    changes: async () => [],
    findByHash: async () => ({ hash, blocked: true })
  })
  authority.start()
  const one = subject()
  authority.track(one.subject, authority.generation)
  answer(7)
  t.equal(await one.told, 'key_blocked')
})

t.test('a change that came between the look-up of a key and its session is not missed', async t => {
  let rows: AuditRow[] = []
  const { authority } = follow(t, { lastChange: async () => 0, changes: async () => rows.splice(0), findByHash: async () => undefined })
  const { generation } = authority
  rows = [change(1)]
  authority.start()
  while (authority.generation === generation) await new Promise(resolve => { setImmediate(resolve) })
  const one = subject()
  authority.track(one.subject, generation)
  t.equal(await one.told, 'invalid_api_key')
})

t.test('a thousand changes at once are followed by the next at once', async t => {
  const asked: number[] = []
  const from = performance.now()
  const last = new Promise<void>(resolve => {
    const { authority } = follow(t, {
      lastChange: async () => 0,
      changes: async after => {
        asked.push(after)
        if (asked.length === 3) resolve()
        return after < 2_000 ? Array.from({ length: 1_000 }, (_, i) => change(after + i + 1, { id: `other ${i}` })) : []
      }
    })
    authority.start()
  })
  await last
  t.strictSame(asked, [0, 1_000, 2_000])
  t.ok(performance.now() - from < 390, 'no pause of 400 ms between them')
})

t.test('a change whose key cannot be looked up is tried again, and the failure is told once', async t => {
  let away = true
  const { authority, heard } = follow(t, {
    lastChange: async () => 0,
    changes: async after => after === 0 ? [change(1)] : [],
    async findByHash () {
      if (away) throw new Error('gone')
      return { hash, name: 'renamed' }
    }
  })
  const one = subject()
  authority.track(one.subject, authority.generation)
  authority.start()
  while (heard.length === 0) await new Promise(resolve => { setImmediate(resolve) })
  away = false
  t.equal(await one.told, 'changed renamed')
  while (heard.length < 2) await new Promise(resolve => { setImmediate(resolve) })
  t.strictSame(heard, ['away: gone', 'back'])
})

t.test('a store that hangs counts as away, and is asked again', async t => {
  let asked = 0
  const { authority, heard } = follow(t, {
    lastChange: async () => 0,
    changes: () => ++asked === 1 ? new Promise(() => {}) : Promise.resolve([change(1)]),
    findByHash: async () => ({ hash, blocked: true })
  })
  const one = subject()
  authority.track(one.subject, authority.generation)
  authority.start()
  t.equal(await one.told, 'key_blocked')
  t.match(heard, [/^away: .*time/])
})

t.test('a session that is over hears nothing, and another of its key still does', async t => {
  let rows: AuditRow[] = []
  const { authority } = follow(t, { lastChange: async () => 0, changes: async () => rows.splice(0), findByHash: async () => ({ hash }) })
  const [over, open] = [subject(), subject()]
  const leave = authority.track({ ...over.subject, changed: () => t.fail('it is over') }, authority.generation)
  authority.track(open.subject, authority.generation)
  leave()
  rows = [change(1, { kind: 'team', id: 'red' })]
  authority.start()
  t.equal(await open.told, 'changed aa')
})
