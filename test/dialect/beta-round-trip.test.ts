import { deepStrictEqual } from 'node:assert'
import t from 'tap'
import { betaClient } from '../../lib/dialect/beta/client.ts'
import { responseParamPaths, sessionPaths } from '../../lib/dialect/beta/field-paths.ts'
import { betaUpstream } from '../../lib/dialect/beta/upstream.ts'
import type { RealtimeEvent } from '../../types/index.ts'
import { betaClientEvent, betaServerEvent } from '../fixtures/dialect/beta.ts'
import { driveHop } from '../fixtures/dialect/hop.ts'
import { validateBeta, validateGa, validateGaClient } from '../fixtures/dialect/types.ts'
import { loadRecordings } from '../fixtures/recordings.ts'
import { holds } from '../fixtures/session/seeded.ts'

const recordings = loadRecordings().filter(({ provider }) => provider !== 'xai')
const skip = recordings.length === 0 && 'the recordings of real sessions are not here'

t.test('whatever a beta client says is the same again behind a beta provider', async t => {
  await holds(t, 3_000, betaClientEvent, event => {
    const [client, upstream] = [driveHop(betaClient), driveHop(betaUpstream)]
    deepStrictEqual(client.up(event).flatMap(upstream.up), [event])
    deepStrictEqual([...client.adjusted, ...upstream.adjusted], [])
  })
})

t.test('whatever a beta provider says is the same again for a beta client', async t => {
  await holds(t, 3_000, betaServerEvent, event => {
    deepStrictEqual(driveHop(betaUpstream).down(event).flatMap(driveHop(betaClient).down), [event])
  })
})

t.test('in a session too, where a GA client hears of the end of every item before that of its response', async t => {
  const hops = [driveHop(betaUpstream), driveHop(betaClient)] as const
  const item = (id: string, status: string, text: string[]): RealtimeEvent => ({ id, object: 'realtime.item', type: 'message', status, role: 'assistant', content: text.map(text => ({ type: 'text', text })) })
  const turn = (n: number): RealtimeEvent[] => [
    { type: 'response.created', event_id: `${n}a`, response: { id: `r${n}`, temperature: 0.8, output: [] } },
    { type: 'response.output_item.added', event_id: `${n}b`, response_id: `r${n}`, output_index: 0, item: item(`i${n}`, 'in_progress', []) },
    { type: 'conversation.item.created', event_id: `${n}c`, previous_item_id: null, item: item(`i${n}`, 'in_progress', []) },
    { type: 'response.text.delta', event_id: `${n}d`, delta: 'Hi' },
    { type: 'response.output_item.done', event_id: `${n}e`, response_id: `r${n}`, output_index: 0, item: item(`i${n}`, 'completed', ['Hi']) },
    { type: 'response.done', event_id: `${n}f`, response: { id: `r${n}`, temperature: 0.8, output: [item(`i${n}`, 'completed', ['Hi'])] } }
  ]
  for (let n = 0; n < 200; n++) {
    const ga = turn(n).flatMap(hops[0].down)
    deepStrictEqual(ga.map(({ type }) => type), ['response.created', 'response.output_item.added', 'conversation.item.added', 'response.output_text.delta',
      'conversation.item.done', 'response.output_item.done', 'response.done'])
    deepStrictEqual(ga.flatMap(hops[1].down), turn(n))
  }
  t.pass()
})

t.test('what a beta client says is GA as OpenAI declares it', async t => {
  const betaOnly = [...sessionPaths, ...responseParamPaths].map(({ beta }) => beta)
  await holds(t, 2_000, betaClientEvent, event => {
    const [ga] = driveHop(betaClient).up(event)
    // What the client left out is still missing, and references to items are declared apart.
    deepStrictEqual(validateGaClient(ga!).filter(fault => !/ is missing$|"item_reference"/.test(fault)), [])
    deepStrictEqual(Object.keys({ ...ga!['session'] as object, ...ga!['response'] as object }).filter(name => betaOnly.includes(name)), [])
  })
})

t.test('recorded sessions reach a beta client as beta, and are the same again when a beta provider says them', { skip }, async t => {
  for (const { name, interactions } of recordings) {
    const [client, upstream] = [driveHop(betaClient), driveHop(betaUpstream)]
    const received = interactions.filter(({ direction }) => direction === 'received').map(({ data }) => data)
    const beta = received.flatMap(client.down)
    t.strictSame(beta.flatMap(event => validateBeta(event)).filter(fault => !fault.startsWith('.session.model ')), [], `${name}: as the beta types have it`)
    t.equal(beta.length, received.filter(({ type }) => type !== 'conversation.item.done').length, `${name}: one event for each but conversation.item.done`)
    t.notMatch(JSON.stringify(beta), /output_modalities|"output_text"|"output_audio"|response\.output_(?:text|audio)|audio\/pcm|"type":"realtime"|conversation\.item\.(?:added|done)/)
    const ga = beta.flatMap(upstream.down)
    t.strictSame(ga.flatMap(event => validateGa(event)), [], `${name}: as the GA types have it again`)
    t.strictSame(ga.map(comparable), received.map(comparable), `${name}: the same again`)
  }
})

t.test('what recorded clients said is the same again when a beta client says it', { skip }, async t => {
  for (const { name, interactions } of recordings) {
    const [upstream, client] = [driveHop(betaUpstream), driveHop(betaClient)]
    const sent = interactions.filter(({ direction }) => direction === 'sent').map(({ data }) => data)
    t.strictSame(sent.flatMap(upstream.up).flatMap(client.up), sent, name)
  }
})

/** Without what the way through beta adds (`object` of an item) or makes anew (id and position of `conversation.item.done`). */
function comparable (event: RealtimeEvent): unknown {
  const { event_id: id, previous_item_id: previous, ...rest } = JSON.parse(JSON.stringify(event, (key, value: unknown) => value === 'realtime.item' && key === 'object' ? undefined : value)) as RealtimeEvent
  return event.type === 'conversation.item.done' ? rest : { ...rest, id, previous }
}
