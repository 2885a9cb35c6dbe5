import fc from 'fast-check'
import t from 'tap'
import { connect } from '../../lib/upstream/connect.ts'
import type { ConnectTools } from '../../lib/upstream/connect.ts'
import type { Dialed } from '../../lib/upstream/dial.ts'
import type { RouteOutcome } from '../../types/index.ts'
import { connectTools, newLease, ready } from '../fixtures/routing.ts'
import { deployment } from '../fixtures/router.ts'
import { holds } from '../fixtures/session/seeded.ts'

type Answer = 'ready' | 'refuses' | 'throws' | 'hangs' | 'full' | 'warm'

interface Scene {
  /** What becomes of each candidate, and after how many turns of the loop. */
  readonly candidates: ReadonlyArray<{ readonly answer: Answer, readonly turns: number }>
  /** Milliseconds until the second is dialled beside the first. */
  readonly hedgeAfterMs: number | undefined
  /** After how many turns the client leaves. */
  readonly leavesAfter: number | undefined
  /** What happens once a session could begin. */
  readonly session: 'fails to begin' | 'ends'
}

const scene: fc.Arbitrary<Scene> = fc.record({
  candidates: fc.array(fc.record({ answer: fc.constantFrom<Answer>('ready', 'refuses', 'throws', 'hangs', 'full', 'warm'), turns: fc.nat(4) }), { minLength: 1, maxLength: 4 }),
  hedgeAfterMs: fc.option(fc.constant(1), { nil: undefined }),
  leavesAfter: fc.option(fc.nat(5), { nil: undefined }),
  session: fc.constantFrom('fails to begin', 'ends')
})

const nextTurn = (): Promise<void> => new Promise(resolve => { setImmediate(resolve) })
async function turns (count: number): Promise<void> {
  for (let i = 0; i < count; i++) await nextTurn()
}

/** Plays a scene to its end; what was taken and given back, and what the router heard. */
async function play ({ candidates, hedgeAfterMs, leavesAfter, session }: Scene): Promise<{ taken: Record<string, number>, returned: Record<string, number>, outcomes: readonly RouteOutcome[] }> {
  const taken: Record<string, number> = {}
  const returned: Record<string, number> = {}
  const take = (what: string): () => void => {
    taken[what] = (taken[what] ?? 0) + 1
    return () => { returned[what] = (returned[what] ?? 0) + 1 }
  }
  const outcomes: RouteOutcome[] = []
  const deployments = candidates.map(({ answer }, i) => deployment(`${answer}-${i}`))
  const answerOf = (id: string): Scene['candidates'][number] => candidates[Number(id.split('-')[1])]!
  const opened = (id: string): Dialed & { readonly ready: object } => {
    const dialed = ready()
    const close = take(`socket of ${id}`)
    dialed.ready.socket.on('close', close)
    return dialed
  }
  const tools: ConnectTools = {
    ...connectTools(async ({ url }, { signal }): Promise<Dialed> => {
      const id = new URL(url).searchParams.get('model')!
      const { answer, turns: wait } = answerOf(id)
      await turns(wait)
      if (answer === 'throws') throw new Error('broken')
      if (answer === 'ready') return opened(id)
      if (answer === 'hangs' && !signal.aborted) await Promise.race([new Promise(resolve => { signal.addEventListener('abort', resolve) }), turns(30)])
      return { refusal: { kind: 'fault' } }
    }),
    slots: { full: () => false, take: ({ id }) => answerOf(id).answer === 'full' ? undefined : take(`slot of ${id}`) },
    pool: {
      start () {},
      evict: () => false,
      close () {},
      take ({ id }, lease) {
        if (answerOf(id).answer !== 'warm') return undefined
        const { ready } = opened(id)
        lease.defer(take(`slot of ${id}`))
        lease.defer(() => { ready.socket.destroy() })
        return ready
      }
    }
  }
  const lease = newLease()
  const client = new AbortController()
  if (leavesAfter !== undefined) turns(leavesAfter).then(() => client.abort(new Error('gone')))
  const connected = await connect({ candidates: deployments, hedgeAfterMs }, {
    handshake: { kind: 'realtime', query: new URLSearchParams() }, lease, report: outcome => { outcomes.push(outcome) }, attempts: [], signal: client.signal
  }, tools).catch(() => undefined)
  if (session === 'ends' && connected !== undefined) {
    connected.began()
    outcomes.push({ type: 'ended', deployment: connected.deployment, ms: 1, closeCode: 1006, unresponsive: false })
  }
  lease.release()
  await turns(40)
  return { taken, returned, outcomes }
}

t.test('whatever becomes of the attempts, the client and the session, everything taken is given back once', async t => {
  await holds(t, 150, scene, async scene => {
    const { taken, returned } = await play(scene)
    const told = JSON.stringify(taken)
    if (JSON.stringify(Object.entries(returned).sort()) !== JSON.stringify(Object.entries(taken).sort())) throw new Error(`taken ${told}, returned ${JSON.stringify(returned)}`)
  })
})

t.test('the router hears one end of each dial, and one of each session', async t => {
  await holds(t, 150, scene, async scene => {
    const { outcomes } = await play(scene)
    const open = new Map<string, string>()
    const expected: Record<string, string | undefined> = { dial: undefined, ready: 'dial', refused: 'dial', dropped: 'dial', ended: 'ready' }
    for (const { type, deployment: { id } } of outcomes) {
      if (open.get(id) !== expected[type]) throw new Error(`${type} of ${id} after ${open.get(id) ?? 'nothing'}`)
      if (type === 'dial' || type === 'ready') open.set(id, type)
      else open.delete(id)
    }
    if (open.size > 0) throw new Error(`no end of ${[...open].join(' ')}`)
  })
})
