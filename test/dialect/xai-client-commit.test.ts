import t from 'tap'
import { startXaiSession } from '../fixtures/dialect/xai-client.ts'
import type { XaiSession } from '../fixtures/dialect/xai-client.ts'
import { allPairs } from '../fixtures/dialect/pairs.ts'
import type { RealtimeEvent } from '../../types/index.ts'

const serverVad = { type: 'server_vad', create_response: true, interrupt_response: true }
const opening = { type: 'session.update', event_id: 'gateway_default_turn_detection', session: { type: 'realtime', audio: { input: { turn_detection: null } } } }
const commit = { type: 'input_audio_buffer.commit', event_id: 'c1' }
const committed = { type: 'input_audio_buffer.committed', event_id: 'event_1', item_id: 'item_1', previous_item_id: null }
const respond = { type: 'response.create', event_id: 'gateway_response_for_commit' }
const cancel = { type: 'response.cancel', event_id: 'gateway_cancel_for_commit' }

const update = (session: object): RealtimeEvent => ({ type: 'session.update', session })
const updated = (detection: unknown): RealtimeEvent => ({ type: 'session.updated', event_id: 'event_2', session: { type: 'realtime', audio: { input: { turn_detection: detection } } } })
const failed = (code: string, id: string | null = null): RealtimeEvent => ({ type: 'error', event_id: 'event_3', error: { type: 'invalid_request_error', code, message: 'No.', param: null, event_id: id } })
const created = (id = 'resp_1'): RealtimeEvent => ({ type: 'response.created', event_id: 'event_4', response: { id, output: [] } })
const done = (id = 'resp_1'): RealtimeEvent => ({ type: 'response.done', event_id: 'event_5', response: { id, output: [] } })

/** A session without turn detection, where the provider has said so. */
function startManual (): XaiSession {
  const session = startXaiSession()
  session.up(update({ turn_detection: null }))
  session.down(updated(null))
  return session
}

/** What the provider is answered for taking one more turn. */
const asked = (session: XaiSession): readonly RealtimeEvent[] => session.hears(committed).back

t.test('a commit goes up alone, and asks for the response that xAI would give once the provider has taken it', async t => {
  const session = startXaiSession()
  t.strictSame(session.says(commit), { onward: [opening, commit], back: [] }, 'from the start')
  session.down(updated(null))
  t.strictSame(session.hears(committed), { onward: [committed], back: [respond] })
  t.strictSame(session.hears(committed), { onward: [committed], back: [] }, 'once')
})

/** The response that was asked for begins and ends. */
function answer (session: XaiSession): void {
  session.hears(created())
  t.strictSame(session.hears(done()).back, [])
}

t.test('a client that asks itself for the answer to its commit gets one, not two', async t => {
  const session = startManual()
  session.up(respond)
  session.up(commit)
  t.strictSame(asked(session), [respond], 'it has to ask behind its commit')
  answer(session)
  session.up(commit)
  t.strictSame(session.up(respond), [respond])
  t.strictSame(asked(session), [])
  session.up(commit)
  session.up(commit)
  session.up({ type: 'response.create', response: { instructions: 'i' } })
  t.strictSame(asked(session), [respond], 'for one of several')
  answer(session)
  t.strictSame(asked(session), [])
  session.up(commit)
  t.strictSame(asked(session), [respond])
  t.strictSame(session.up(respond), [respond], 'what it asks for later goes as well')
})

t.test('a request that is refused, or stands apart from the conversation, answers no commit', async t => {
  for (const response of [{ tools: [{ type: 'web_search' }] }, { conversation: 'none' }]) {
    const session = startManual()
    session.up(commit)
    try {
      session.says({ type: 'response.create', response })
    } catch {
      // The engine answers the refusal.
    }
    t.strictSame(asked(session), [respond], JSON.stringify(response))
  }
})

t.test('a second turn waits for the answer to the first, which it interrupts', async t => {
  const session = startManual()
  session.up(commit)
  session.up(commit)
  t.strictSame(asked(session), [respond])
  t.strictSame(asked(session), [], 'which has been asked for, and has not begun')
  t.strictSame(session.hears(created()).back, [cancel])
  t.strictSame(session.hears(done()).back, [respond])
})

t.test('a turn that waited for an answer that is refused gets its own', async t => {
  const session = startManual()
  for (let i = 0; i < 2; i++) session.up(commit)
  t.strictSame(asked(session), [respond])
  t.strictSame(asked(session), [])
  const { onward, back } = session.hears(failed('server_error', 'gateway_response_for_commit'))
  t.match(onward, [{ type: 'error', error: { code: 'server_error', event_id: null } }], 'the client is told, by no id that it does not know')
  t.strictSame(back, [respond])
  t.strictSame(session.hears(failed('server_error', 'gateway_response_for_commit')).back, [], 'once')
})

t.test('one answer is asked for all turns that waited for one which an error without a name may have refused', async t => {
  const session = startManual()
  for (let i = 0; i < 3; i++) session.up(commit)
  t.strictSame(asked(session), [respond])
  t.strictSame(asked(session), [])
  t.strictSame(session.hears(failed('server_error')).back, [], 'it may be about anything')
  t.strictSame(asked(session), [respond])
  t.strictSame(session.hears(created()).back, [])
  t.strictSame(session.hears(done()).back, [])
})

t.test('a client that asks itself after an error without a name is not interrupted', async t => {
  const session = startManual()
  for (let i = 0; i < 2; i++) session.up(commit)
  asked(session)
  asked(session)
  session.hears(failed('server_error'))
  session.up({ type: 'response.create', response: { instructions: 'i' } })
  t.strictSame(session.hears(created()).back, [])
  t.strictSame(session.hears(done()).back, [])
})

for (const id of [null, 'gateway_response_for_commit']) {
  t.test(`a response that the provider refuses keeps no later turn waiting (${id ?? 'unnamed'})`, async t => {
    const session = startManual()
    session.up(commit)
    t.strictSame(asked(session), [respond])
    t.strictSame(session.hears(failed('server_error', id)).back, [])
    session.up(commit)
    t.strictSame(asked(session), [respond])
  })
}

t.test('an error about another event of the client\'s is no refusal of an answer', async t => {
  const session = startManual()
  for (let i = 0; i < 2; i++) session.up(commit)
  t.strictSame(asked(session), [respond])
  session.hears(failed('server_error', 'c1'))
  // The gateway's own.
  session.hears(failed('unsupported_feature'))
  t.strictSame(asked(session), [], 'it still is to come')
})

t.test('what is committed is told to the client as it came', async t => {
  const session = startManual()
  t.equal(session.hears(committed).onward[0], committed)
  session.up(commit)
  t.equal(session.hears(committed).onward[0], committed)
})

t.test('with turn detection a commit is only a commit', async t => {
  const session = startXaiSession()
  const turn = (): readonly RealtimeEvent[] => {
    t.strictSame(session.up(commit), [commit])
    return asked(session)
  }
  session.up(update({ turn_detection: serverVad }))
  t.strictSame(turn(), [], 'before the answer')
  session.down(updated(serverVad))
  t.strictSame(turn(), [], 'and after it')
  session.up(update({ turn_detection: null }))
  t.strictSame(turn(), [respond], 'until it is switched off')
  session.up(update({ turn_detection: serverVad }))
  t.strictSame(turn(), [], 'by the last word of several')
})

t.test('what holds when the client commits counts, not what holds when the provider takes it', async t => {
  const session = startManual()
  session.up(commit)
  session.up(update({ turn_detection: serverVad }))
  t.strictSame(asked(session), [respond])
  session.up(commit)
  session.up(update({ turn_detection: null }))
  t.strictSame(asked(session), [])
})

t.test('a refused update leaves a commit as it was', async t => {
  const session = startManual()
  const [sent] = session.up(update({ turn_detection: serverVad, some_day: 1 }))
  session.up(commit)
  t.strictSame(asked(session), [])
  session.down(failed('invalid_value', sent!.event_id))
  session.up(commit)
  t.strictSame(asked(session), [respond])
})

t.test('what the provider says of turn detection counts', async t => {
  const session = startXaiSession()
  session.up(update({ turn_detection: 'sometimes' }))
  session.down(updated(null))
  session.up(commit)
  t.strictSame(asked(session), [respond])
  session.down(updated(serverVad))
  session.up(commit)
  t.strictSame(asked(session), [])
})

t.test('a commit that is taken while a response runs stops it, and is answered right behind its end', async t => {
  const session = startManual()
  session.down(created())
  session.up(commit)
  t.strictSame(session.hears(committed), { onward: [committed], back: [cancel] })
  const { onward, back } = session.hears(done())
  t.match(onward, [{ type: 'response.done', response_id: 'resp_1' }])
  t.strictSame(back, [respond])
  session.down(created('resp_2'))
  t.strictSame(session.hears(done('resp_2')).back, [], 'once')
})

t.test('of several responses the last one that ends makes room', async t => {
  const session = startManual()
  session.down(created('resp_1'))
  session.down(created('resp_2'))
  session.up(commit)
  t.strictSame(asked(session), [cancel])
  t.strictSame(session.hears(done('resp_2')).back, [])
  t.strictSame(session.hears(done('resp_1')).back, [respond])
})

t.test('a response that ends before the turn is taken is not stopped', async t => {
  const session = startManual()
  session.down(created())
  session.up(commit)
  t.strictSame(session.hears(done()).back, [])
  t.strictSame(asked(session), [respond])
})

t.test('two turns while a response runs are answered together', async t => {
  const session = startManual()
  session.down(created())
  session.up(commit)
  session.up(commit)
  t.strictSame(asked(session), [cancel])
  t.strictSame(asked(session), [cancel])
  t.strictSame(session.hears(done()).back, [respond])
  t.strictSame(session.hears(done()).back, [])
})

t.test('an end without a beginning does not count as room for more', async t => {
  const session = startManual()
  session.down(done())
  session.down(created())
  session.up(commit)
  t.strictSame(asked(session), [cancel])
})

t.test('the client hears nothing of a cancellation that came too late', async t => {
  const session = startManual()
  session.down(created())
  session.up(commit)
  t.strictSame(asked(session), [cancel])
  t.strictSame(session.hears(done()).back, [respond])
  t.strictSame(session.hears(failed('response_cancel_not_active', cancel.event_id)), { onward: [], back: [] })
  const own = failed('response_cancel_not_active', 'mine')
  t.strictSame(session.down(own), [own], 'but of its own')
  t.strictSame(session.down(failed('response_cancel_not_active')), [failed('response_cancel_not_active')], 'and of one without a name')
})

t.test('a commit that the provider refuses asks for no response', async t => {
  const session = startManual()
  const empty = failed('input_audio_buffer_commit_empty', 'c1')
  session.up(commit)
  t.strictSame(session.hears(empty), { onward: [empty], back: [] }, 'and the client hears why')
  t.strictSame(asked(session), [])
  session.up(commit)
  session.up(commit)
  session.down(failed('input_audio_buffer_commit_some_day'))
  t.strictSame(asked(session), [respond], 'one error takes one of them back')
  t.strictSame(asked(session), [])
})

t.test('an error about something else takes no commit back, nor does one more than there are', async t => {
  const session = startManual()
  session.down(failed('input_audio_buffer_commit_empty'))
  session.up(commit)
  for (const code of ['invalid_value', 'input_audio_buffer', 'no_input_audio_buffer_commit', 7, null]) session.down(failed(code as string, 'c1'))
  t.strictSame(asked(session), [respond])
})

t.test('a provider that never takes a commit costs nothing', async t => {
  const session = startManual()
  for (let i = 0; i < 1000; i++) t.strictSame(session.up(commit), [commit])
  t.equal(session.state.commits, 16)
  let answers = 0
  for (let i = 0; i < 1000; i++) {
    answers += asked(session).length
    answer(session)
  }
  t.equal(answers, 16)
})

for (const pair of allPairs.filter(({ client, upstream }) => client === 'xai' && upstream !== 'xai')) {
  t.test(`${pair.name}: what goes on and what goes back for one event of the provider`, async t => {
    const player = pair.play()
    const text = (event: RealtimeEvent): string => JSON.stringify(event)
    t.match(player.up(text(commit)), { before: [/gateway_default_turn_detection/], onward: [text(commit)], back: [], untouched: true })
    player.down(text(updated(null)))
    t.strictSame(player.down(text(committed)), { before: [], onward: [text(committed)], back: [text(respond)], untouched: false })
    t.strictSame(player.down(text(committed)), { before: [], onward: [text(committed)], back: [], untouched: true }, 'a turn that nobody waits for passes as it came')
    player.down(text(created()))
    player.up(text(commit))
    t.strictSame(player.down(text(committed)).back, [text(cancel)])
    const { onward, back } = player.down(text(done()))
    t.match(onward.map(each => JSON.parse(each) as RealtimeEvent), [{ type: 'response.done', response_id: 'resp_1' }])
    t.strictSame(back, [text(respond)])
    t.strictSame(player.down(text(failed('response_cancel_not_active', cancel.event_id))), { before: [], onward: [], back: [], untouched: false })
  })
}
