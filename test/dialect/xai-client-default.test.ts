import t from 'tap'
import { xaiClient } from '../../lib/dialect/xai/client/dialect.ts'
import { refusedFor, startXaiSession } from '../fixtures/dialect/xai-client.ts'
import type { RealtimeEvent } from '../../types/index.ts'

const serverVad = { type: 'server_vad', create_response: true, interrupt_response: true }
const opening = { type: 'session.update', event_id: 'gateway_default_turn_detection', session: { type: 'realtime', audio: { input: { turn_detection: null } } } }
const append = { type: 'input_audio_buffer.append', audio: 'AAAA' }

const update = (session: object, id?: string): RealtimeEvent => ({ type: 'session.update', ...id !== undefined && { event_id: id }, session })
const updated = (detection: unknown): RealtimeEvent => ({ type: 'session.updated', event_id: 'event_1', session: { type: 'realtime', audio: { input: { turn_detection: detection } } } })
const failed = (id: string | null, param: string | null = null): RealtimeEvent => ({ type: 'error', event_id: 'event_2', error: { type: 'invalid_request_error', code: 'invalid_value', message: 'No.', param, event_id: id } })
const sentDetection = (events: readonly RealtimeEvent[]): unknown => {
  const { session } = events.at(-1) as unknown as { session: { audio?: { input?: { turn_detection?: unknown } } } }
  return session.audio?.input?.turn_detection
}

t.test('a client that begins with something else than an update has said xAI\'s default first, and hears nothing of it', async t => {
  const session = startXaiSession()
  t.strictSame(session.up(append), [opening, append])
  t.strictSame(session.up(append), [append])
  t.strictSame(session.down(updated(null)), [], 'the answer is hidden')
  t.equal(session.down(updated(null)).length, 1, 'only this one')
  t.equal(sentDetection(session.up(update({ instructions: 'i' }))), undefined, 'later updates are as the client says them')
})

t.test('where the provider refuses the default, the client does not hear of it either, and is not held up', async t => {
  const session = startXaiSession()
  session.up(append)
  t.strictSame(session.down(failed(opening.event_id)), [])
  t.strictSame(session.up(append), [append])
  t.equal(session.down(failed(opening.event_id)).length, 1, 'only this one is hidden')
  t.equal(sentDetection(session.up(update({}))), null, 'an update says it again')
  t.equal(session.down(updated(null)).length, 1)
})

t.test('the answers to the default and to an update right behind it are told apart', async t => {
  const session = startXaiSession()
  session.up(append)
  session.up(update({ turn_detection: serverVad }))
  t.strictSame(session.down(updated(null)), [])
  t.match(session.down(updated(serverVad)), [{ type: 'session.updated', session: { turn_detection: serverVad } }])
})

t.test('a first update that says nothing of turn detection switches it off; the next one leaves it', async t => {
  const session = startXaiSession()
  t.equal(sentDetection(session.up(update({ voice: 'eve' }))), null)
  t.equal(sentDetection(session.up(update({ voice: 'eve' }))), undefined)
  t.equal(session.down(updated(null)).length, 1)
  t.equal(session.down(updated(null)).length, 1)
  t.equal(sentDetection(session.up(update({ voice: 'eve' }))), undefined)
  t.strictSame(session.up(append), [append])
})

t.test('a first update that asks for turn detection has it, and no default', async t => {
  const session = startXaiSession()
  t.strictSame(sentDetection(session.up(update({ turn_detection: serverVad }))), serverVad)
  t.strictSame(session.up(append), [append], 'before the answer')
  session.down(updated(serverVad))
  t.strictSame(session.up(append), [append], 'and after it')
  t.equal(sentDetection(session.up(update({}))), undefined)
})

t.test('an update that the gateway refuses does not count', async t => {
  const session = startXaiSession()
  t.equal(refusedFor(session, update({ turn_detection: serverVad, tools: [{ type: 'web_search' }] })), 'session.tools[0].type')
  t.strictSame(session.up(append), [opening, append])
})

t.test('an update that the provider refuses does not count', async t => {
  for (const id of ['mine', undefined]) {
    const session = startXaiSession()
    const [sent] = session.up(update({ turn_detection: serverVad, some_day: 1 }, id))
    t.strictSame(session.down(failed('another', 'item.type')), [failed('another', 'item.type')])
    t.strictSame(session.down(failed(null)), [failed(null)], 'nor does the error for something else')
    t.strictSame(session.up(append), [append])
    t.strictSame(session.down(failed(sent!.event_id!, 'session.some_day')), [failed(id ?? null, 'session.some_day')], 'the client knows its event as it named it')
    t.strictSame(session.up(append), [opening, append])
    t.strictSame(session.down(updated(null)), [])
  }
})

t.test('of two updates at once only the one that is accepted counts', async t => {
  const session = startXaiSession()
  const [first] = session.up(update({ turn_detection: serverVad, some_day: 1 }))
  const [second] = session.up(update({ voice: 'eve' }))
  t.not(first!.event_id, second!.event_id)
  session.down(failed(first!.event_id!))
  session.down(updated(serverVad))
  t.strictSame(session.up(append), [opening, append], 'the other one did not ask for it')
})

t.test('an update whose id is no id stays as it is', async t => {
  const session = startXaiSession()
  for (const id of [7, {}, 'x'.repeat(600)]) {
    const [sent] = session.up({ ...update({}), event_id: id } as unknown as RealtimeEvent)
    t.strictSame(sent!.event_id, id)
  }
  t.strictSame(session.state.updates, [])
})

t.test('opening waits for an update, and is done when one is accepted or when it has said the default', async t => {
  const asked = (session: ReturnType<typeof startXaiSession>, type?: string): unknown => xaiClient.opening!(type, session.state)
  const session = startXaiSession()
  t.equal(asked(session, 'session.update'), undefined)
  session.up(update({}))
  t.equal(asked(session), undefined)
  session.down(updated(null))
  t.strictSame(asked(session), [])
  const other = startXaiSession()
  t.strictSame(asked(other, 'response.create'), [opening])
  t.strictSame(asked(other), [])
})
