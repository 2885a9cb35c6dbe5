import t from 'tap'
import type { RealtimeEvent } from '../../types/index.ts'
import { refusal, says, startHop, startPair } from '../fixtures/dialect/xai-upstream.ts'
import type { XaiHop } from '../fixtures/dialect/xai-upstream.ts'

const create = (response?: object, id = 'c1'): RealtimeEvent => ({ type: 'response.create', event_id: id, ...(response !== undefined && { response }) })
const commit: RealtimeEvent = { type: 'input_audio_buffer.commit', event_id: 'm1' }
const manual = (context = {}): XaiHop => {
  const hop = startHop(context)
  hop.up({ type: 'session.update', session: { type: 'realtime', audio: { input: { turn_detection: null } } } })
  return hop
}

const message = (role: string, ...content: object[]): object => ({ type: 'message', role, content })
const image = { type: 'input_image', image_url: 'data:image/png;base64,AA==' }
const hello = { type: 'input_text', text: 'Hello' }

t.test('a response.create asks xAI for the same, or what comes nearest; a strict session refuses that', async t => {
  const rows: ReadonlyArray<readonly [what: string, ga: object, xai: object, adjusted?: string]> = [
    ['nothing', {}, {}],
    ['what has one name in both', { instructions: 'Hi', metadata: { a: 'b' }, tools: [{ type: 'function', name: 'f' }], tool_choice: 'none', conversation: 'none', some_day: 1 },
      { instructions: 'Hi', metadata: { a: 'b' }, tools: [{ type: 'function', name: 'f' }], tool_choice: 'none', conversation: 'none', some_day: 1 }],
    ['speech', { output_modalities: ['audio'] }, { modalities: ['audio'] }],
    ['text', { output_modalities: ['text'] }, { modalities: ['audio'] }, 'response.output_modalities'],
    ['modalities that are none', { output_modalities: 'text' }, {}],
    ['a voice', { audio: { output: { voice: 'marin' } } }, { voice: 'ara' }],
    ['a format', { audio: { output: { format: { type: 'audio/pcm' } } } }, { audio: { output: { format: { rate: 24000, type: 'audio/pcm' } } } }],
    ['a voice of OpenAI\'s in xAI\'s field', { voice: 'onyx' }, { voice: 'leo' }],
    ['much reasoning', { reasoning: { effort: 'high' } }, { reasoning: { effort: 'high' } }],
    ['little reasoning', { reasoning: { effort: 'low' } }, { reasoning: { effort: 'none' } }, 'response.reasoning.effort'],
    ['no limit', { max_output_tokens: 'inf' }, {}],
    ['the highest limit', { max_output_tokens: 4096 }, {}, 'response.max_output_tokens'],
    ['one call at a time', { parallel_tool_calls: false }, {}, 'response.parallel_tool_calls'],
    ['a tool that nobody is to approve', { tools: [{ type: 'mcp', server_url: 'u', require_approval: 'never' }] }, { tools: [{ type: 'mcp', server_url: 'u' }] }],
    ['items', { input: [message('user', hello), { type: 'item_reference', id: 'i' }, null] }, { input: [message('user', hello), { type: 'item_reference', id: 'i' }, null] }],
    ['what the assistant said', { input: [message('assistant', { type: 'output_audio', transcript: 'Hi', audio: 'AA==' })] }, { input: [message('assistant', { type: 'output_text', text: 'Hi' })] }],
    ['an image among others', { input: [message('user', hello, image)] }, { input: [message('user', hello)] }, 'response.input'],
    ['no items', { input: [] }, { input: [] }],
    ['items that are none', { input: 'x' }, { input: 'x' }]
  ]
  for (const [what, ga, xai, adjusted] of rows) {
    const hop = startHop()
    t.strictSame(hop.up(create(ga)), [create(xai)], what)
    t.strictSame(hop.adjusted, adjusted === undefined ? [] : [adjusted], what)
    t.strictSame(refusal(startHop({ strict: true }), create(ga)), adjusted === undefined ? undefined : ['unsupported_feature', adjusted], what)
  }
  for (const response of [undefined, null, 'x', []]) {
    const event = { type: 'response.create', response }
    t.strictSame(startHop().up(event), [event])
  }
  t.strictSame(refusal(startHop(), create({ input: [message('user', image)] })), ['unsupported_feature', 'response.input'], 'nothing is left of an item')
})

t.test('what holds the model back and xAI would not heed is refused, strict or not, and asks for nothing', async t => {
  const mcp = { type: 'mcp', server_url: 'u' }
  const rows: ReadonlyArray<readonly [response: object, field: string]> = [
    [{ tools: [mcp] }, 'response.tools[0].require_approval'],
    [{ tools: [{ ...mcp, require_approval: 'always' }] }, 'response.tools[0].require_approval'],
    [{ tools: [{ type: 'function', name: 'f' }, { ...mcp, require_approval: 'never', connector_id: 'c' }] }, 'response.tools[1].connector_id'],
    [{ tools: [{ ...mcp, require_approval: 'never', allowed_tools: [] }] }, 'response.tools[0].allowed_tools'],
    [{ max_output_tokens: 5 }, 'response.max_output_tokens'],
    [{ prompt: { id: 'p' } }, 'response.prompt']
  ]
  for (const [response, field] of rows) {
    for (const strict of [false, true]) {
      const hop = startHop({ strict })
      t.strictSame(refusal(hop, create(response)), ['unsupported_feature', field], field)
      t.equal(hop.state.requests.length, 0)
    }
  }
})

t.test('with turn detection, a commit and a response.create are two things', async t => {
  const hop = startHop()
  hop.opening(undefined)
  t.strictSame(hop.up(commit), [commit])
  t.strictSame(hop.up(create()), [create()])
})

const refused = (id: string | null, code: string, message = 'No.'): RealtimeEvent => ({ type: 'error', event_id: 'e1', error: { type: 'invalid_request_error', code, message, param: null, event_id: id } })

t.test('a response.create that was not sent for its commit is sent when xAI refuses the commit', async t => {
  for (const id of ['m1', null]) {
    const pair = startPair()
    const text = (event: RealtimeEvent): Buffer => Buffer.from(JSON.stringify(event))
    pair.up.translate(text({ type: 'session.update', session: { type: 'realtime', audio: { input: { turn_detection: null } } } }))
    pair.up.translate(text(commit))
    t.strictSame(pair.up.translate(text(create({ output_modalities: ['text'], metadata: { a: 'b' } }, 'rc'))), { onward: [], back: [] })
    const { onward, back } = pair.down.translate(text(refused(id, 'input_audio_buffer_commit_empty')))!
    t.match(onward.map(each => JSON.parse(each)), [{ type: 'error', error: { code: 'input_audio_buffer_commit_empty', event_id: id } }])
    t.strictSame(back.map(each => JSON.parse(each)), [create({ modalities: ['audio'], metadata: { a: 'b' } }, 'rc')])
    const begun = pair.down.translate(text(says.begin('r1', { metadata: null })))!.onward.map(each => JSON.parse(each))
    t.match(begun, [{ response: { output_modalities: ['text'], metadata: { a: 'b' } } }], 'and answered as it asks')
    t.strictSame(pair.down.translate(text(refused(id, 'input_audio_buffer_commit_empty')))?.back ?? [], [], 'once')
  }
})

t.test('of a response.create beside a commit no more is kept than 16 KiB', async t => {
  const hop = manual()
  hop.up(commit)
  t.strictSame(hop.up(create({ instructions: 'x'.repeat(20_000) })), [])
  t.equal(hop.state.requests[0]!.unsent, undefined)
})

t.test('an error about something else, which names no event, takes no commit back', async t => {
  for (const [code, message] of [['response_cancel_not_active', 'Cancellation failed: no active response found'], ['invalid_request_error', 'The item of the response cannot be truncated.'], ['x', 'The item to delete is part of a response.']] as const) {
    const hop = manual()
    hop.up(commit)
    hop.down(refused(null, code, message))
    t.strictSame(hop.up(create()), [], message)
  }
})

t.test('a response begins for the request whose metadata it repeats, whichever was made first', async t => {
  const hop = startHop()
  hop.opening(undefined)
  const beside = create({ conversation: 'none', output_modalities: ['text'], metadata: { topic: 'a' } }, 'c1')
  hop.up(create({ metadata: { topic: 'b' } }, 'c0'))
  hop.up(beside)
  t.match(hop.down(says.begin('r1', { metadata: { topic: 'a' } })), [{ response: { output_modalities: ['text'], conversation_id: null, metadata: { topic: 'a' } } }])
  hop.up(beside)
  t.match(hop.down(says.begin('r2', { metadata: { topic: 'b' } })), [{ response: { output_modalities: ['audio'], metadata: { topic: 'b' } } }])
  t.match(hop.down(says.begin('r3')), [{ response: { output_modalities: ['audio'], metadata: null } }], 'the turn of the user, as xAI is known to repeat metadata')
  t.match(hop.down(says.begin('r4', { metadata: { topic: 'a' } })), [{ response: { output_modalities: ['text'] } }])
})

t.test('metadata that came too late for a commit do not keep its response from it', async t => {
  const hop = manual()
  hop.up(create({ conversation: 'none', metadata: { topic: 'a' } }))
  hop.down(says.begin('r1', { metadata: { topic: 'a' } }))
  hop.down(says.done('r1'))
  hop.up(commit)
  t.strictSame(hop.up(create({ output_modalities: ['text'], metadata: { topic: 'b' } })), [])
  t.match(hop.down(says.begin('r2')), [{ response: { output_modalities: ['text'], metadata: { topic: 'b' } } }])
})

t.test('where xAI repeats no metadata, responses begin in the order in which they were asked for', async t => {
  const hop = startHop()
  hop.opening(undefined)
  hop.up(create({ output_modalities: ['text'], metadata: { topic: 'a' } }))
  t.match(hop.down(says.begin('r1')), [{ response: { output_modalities: ['text'], metadata: { topic: 'a' } } }])
})

t.test('a response shows the format that was asked for with it', async t => {
  const hop = startHop()
  hop.opening(undefined)
  hop.up(create({ audio: { output: { format: { type: 'audio/pcmu' } } } }))
  t.match(hop.down(says.begin('r1')), [{ response: { audio: { output: { format: { type: 'audio/pcmu' } } } } }])
  t.match(hop.down(says.done('r1')).at(-1), { response: { audio: { output: { format: { type: 'audio/pcmu' } } } } })
  t.match(hop.down(says.begin('r2')), [{ response: { audio: { output: { format: { type: 'audio/pcm' } } } } }])
})

t.test('without turn detection a commit asks xAI for the response, so that the first response.create after it is not sent', async t => {
  const hop = manual()
  t.strictSame(hop.up(commit), [commit])
  t.strictSame(hop.up(create()), [])
  t.strictSame(hop.up(create()), [create()], 'one only')
  hop.down(says.begin('r1'))
  hop.down(says.begin('r2'))
  hop.down(says.done('r1'))
  hop.down(says.done('r2'))
  t.strictSame(hop.up(create()), [create()])

  t.strictSame(hop.up(commit), [commit])
  hop.down(says.begin('r3'))
  hop.down(says.begin('r4'))
  t.strictSame(hop.up(create()), [], 'while its response runs')
  hop.down(says.done('r3'))
  hop.down(says.done('r4'))

  hop.up(commit)
  hop.down(says.begin('r5'))
  hop.down(says.done('r5'))
  t.strictSame(hop.up(create()), [create()], 'its response is over')
})

t.test('a response beside the conversation is never the one that a commit asked for', async t => {
  const hop = manual()
  hop.up(commit)
  t.strictSame(hop.up(create({ conversation: 'none' })), [create({ conversation: 'none' })])
  t.strictSame(hop.up(create()), [])
})

t.test('turn detection that is turned on again makes a commit what it was', async t => {
  const hop = manual()
  hop.up({ type: 'session.update', session: { audio: { input: { turn_detection: { type: 'server_vad' } } } } })
  hop.up(commit)
  t.strictSame(hop.up(create()), [create()])
})

t.test('what a response.create asked for that was not sent is told of the response, where xAI has not', async t => {
  const early = manual()
  early.up(commit)
  early.up(create({ metadata: { topic: 'a' }, output_modalities: ['text'] }))
  t.match(early.down(says.begin('r1', { metadata: null })), [{ response: { metadata: { topic: 'a' }, output_modalities: ['text'] } }])
  t.match(early.down(says.done('r1')), [{ response: { metadata: { topic: 'a' }, output_modalities: ['text'] } }])

  const late = manual()
  late.up(commit)
  late.down(says.begin('r1'))
  late.up(create({ metadata: { topic: 'a' } }))
  t.match(late.down(says.done('r1')), [{ response: { metadata: { topic: 'a' } } }])

  const own = manual()
  own.up(commit)
  own.up(create({ metadata: { topic: 'a' } }))
  t.match(own.down(says.begin('r1', { metadata: { xai: 'b' } })), [{ response: { metadata: { xai: 'b' } } }])

  const huge = manual()
  huge.up(commit)
  huge.up(create({ metadata: { topic: 'a'.repeat(20_000) } }))
  t.match(huge.down(says.begin('r1')), [{ response: { metadata: null } }], 'what is too large is not kept')
})

t.test('a rule that comes too late for a response that a commit asked for is refused, strict or not', async t => {
  const rows: ReadonlyArray<readonly [response: object, field: string]> = [
    [{ tools: [] }, 'response.tools'],
    [{ tool_choice: 'none' }, 'response.tool_choice'],
    [{ tool_choice: { type: 'function', name: 'f' } }, 'response.tool_choice'],
    [{ max_output_tokens: 5 }, 'response.max_output_tokens'],
    [{ prompt: { id: 'p' } }, 'response.prompt']
  ]
  for (const [response, field] of rows) {
    for (const strict of [false, true]) {
      const hop = manual({ strict })
      hop.up(commit)
      t.strictSame(refusal(hop, create(response)), ['unsupported_feature', field], field)
      t.strictSame(hop.up(create()), [], 'what was refused has asked for nothing')
    }
  }
})

t.test('what comes too late for a response that a commit asked for is told, or refused', async t => {
  const rows: ReadonlyArray<readonly [object, string | undefined]> = [
    [{}, undefined],
    [{ conversation: 'auto', metadata: {}, instructions: null, max_output_tokens: 'inf', output_modalities: ['audio'] }, undefined],
    [{ instructions: 'Hi' }, 'response.instructions'],
    [{ tool_choice: 'auto', tools: null }, undefined],
    [{ audio: { output: { voice: 'marin' } } }, 'response.audio'],
    [{ input: [] }, 'response.input'],
    [{ reasoning: { effort: 'low' } }, 'response.reasoning'],
    [{ max_output_tokens: 4096 }, 'response.max_output_tokens'],
    [{ output_modalities: ['text'] }, 'response.output_modalities']
  ]
  for (const [response, field] of rows) {
    const hop = manual()
    hop.up(commit)
    t.strictSame(hop.up(create(response)), [])
    t.strictSame(hop.adjusted, field === undefined ? [] : [field])
    const strict = manual({ strict: true })
    strict.up(commit)
    t.strictSame(refusal(strict, create(response)), field && ['unsupported_feature', field])
    if (field !== undefined) t.strictSame(strict.up(create()), [], 'what was refused has asked for nothing')
  }
  const begun = manual()
  begun.up(commit)
  begun.down(says.begin('r1'))
  begun.up(create({ output_modalities: ['text'] }))
  t.match(begun.down(says.done('r1')), [{ response: { output_modalities: ['audio'] } }], 'the client hears already')
  t.ok(begun.adjusted.includes('response.output_modalities'))
})

t.test('a commit that xAI refuses asks for nothing', async t => {
  for (const id of ['m1', null]) {
    const hop = manual()
    hop.up(commit)
    hop.down({ type: 'error', event_id: 'e', error: { type: 'invalid_request_error', code: 'x', message: 'Error committing the audio.', param: null, event_id: id } })
    t.strictSame(hop.up(create()), [create()])
  }
  const unnamed = manual()
  unnamed.up(commit)
  unnamed.down({ type: 'error', event_id: 'e', error: { type: 'invalid_request_error', code: 'x', message: 'The item is shorter.', param: null, event_id: null } })
  t.strictSame(unnamed.up(create()), [], 'an error that names no event, and is about something else')
  const other = manual()
  other.up(commit)
  other.down({ type: 'error', event_id: 'e', error: { type: 'invalid_request_error', code: 'x', message: 'm', param: null, event_id: 'else' } })
  t.strictSame(other.up(create()), [])
})

t.test('a cancel where no response is active is answered, and never reaches xAI', async t => {
  const cancel = { type: 'response.cancel', event_id: 'c1' }
  const hop = startHop()
  t.strictSame(refusal(hop, cancel), ['response_cancel_not_active', null])
  hop.down(says.begin('r1'))
  t.strictSame(hop.up(cancel), [cancel])
  t.strictSame(refusal(hop, { ...cancel, response_id: 'r0' }), ['response_cancel_not_active', null])
  t.strictSame(hop.up({ ...cancel, response_id: 'r1' }), [{ ...cancel, response_id: 'r1' }])
  hop.down(says.done('r1'))
  t.strictSame(refusal(hop, cancel), ['response_cancel_not_active', null])
  hop.up(create())
  t.strictSame(hop.up(cancel), [cancel], 'one that was asked for is about to be')
  t.strictSame(refusal(hop, { ...cancel, response_id: 'r1' }), ['response_cancel_not_active', null], 'but nobody knows its id')

  const back = startPair().up.translate(Buffer.from('{"type":"response.cancel","event_id":"c7"}'))
  t.strictSame(back?.onward, [])
  t.match(JSON.parse(back!.back[0]!), { type: 'error', error: { type: 'invalid_request_error', code: 'response_cancel_not_active', message: 'Cancellation failed: no active response found', event_id: 'c7' } })
})

t.test('a cancelled response says who cancelled it', async t => {
  const details = (hop: XaiHop, id: string): unknown => (hop.down(says.done(id, { status: 'cancelled' })).at(-1) as { response?: { status_details?: unknown } }).response?.status_details
  const hop = startHop()
  hop.down(says.begin('r1'))
  t.strictSame(details(hop, 'r1'), { type: 'cancelled', reason: 'turn_detected' })
  hop.down(says.begin('r2'))
  hop.up({ type: 'response.cancel' })
  t.strictSame(details(hop, 'r2'), { type: 'cancelled', reason: 'client_cancelled' })
  hop.down(says.begin('r3'))
  t.strictSame(details(hop, 'r3'), { type: 'cancelled', reason: 'turn_detected' })
  hop.up(create())
  hop.up({ type: 'response.cancel' })
  hop.down(says.begin('r4'))
  t.strictSame(details(hop, 'r4'), { type: 'cancelled', reason: 'client_cancelled' })
  t.strictSame(details(hop, 'r9'), { type: 'cancelled', reason: 'turn_detected' }, 'one that was never seen')
})

t.test('items of the client reach xAI without what it cannot see', async t => {
  const item = (item: unknown): RealtimeEvent => ({ type: 'conversation.item.create', event_id: 'c1', previous_item_id: 'root', item })
  const rows: ReadonlyArray<readonly [what: string, ga: unknown, xai: unknown, adjusted?: string]> = [
    ['what the user writes', message('user', hello), message('user', hello)],
    ['what the user says', message('user', { type: 'input_audio', audio: 'AA==' }), message('user', { type: 'input_audio', audio: 'AA==' })],
    ['what the assistant wrote', message('assistant', { type: 'output_text', text: 'Hi' }), message('assistant', { type: 'output_text', text: 'Hi' })],
    ['what the assistant said', message('assistant', { type: 'output_audio', transcript: 'Hi', audio: 'AA==' }), message('assistant', { type: 'output_text', text: 'Hi' })],
    ['what the assistant said, and nobody wrote down', message('assistant', { type: 'output_audio' }), message('assistant', { type: 'output_text', text: '' })],
    ['what the assistant wrote, by its older name', message('assistant', { type: 'text', text: 'Hi' }), message('assistant', { type: 'output_text', text: 'Hi' })],
    ['an output of a function', { type: 'function_call_output', call_id: 'c', output: '{}' }, { type: 'function_call_output', call_id: 'c', output: '{}' }],
    ['an image among others', message('user', image, hello), message('user', hello), 'item.content'],
    ['parts that are none', { role: 'assistant', content: [null, 'x', 5] }, { role: 'assistant', content: [null, 'x', 5] }],
    ['content that is none', { role: 'user', content: 'x' }, { role: 'user', content: 'x' }],
    ['no item', null, null]
  ]
  for (const [what, ga, xai, adjusted] of rows) {
    const hop = startHop()
    t.strictSame(hop.up(item(ga)), [item(xai)], what)
    t.strictSame(hop.adjusted, adjusted === undefined ? [] : [adjusted])
    t.strictSame(refusal(startHop({ strict: true }), item(ga)), adjusted && ['unsupported_feature', adjusted], what)
  }
  const hop = startHop()
  t.strictSame(refusal(hop, item(message('user', image))), ['unsupported_feature', 'item.content'], 'nothing is left')
  t.strictSame(hop.adjusted, [])
  t.equal(startPair().up.translate(Buffer.from(JSON.stringify(item(message('user', hello))))), undefined, 'what does not change passes as it came')
})

t.test('output_audio_buffer.clear is refused, and a truncation passes', async t => {
  t.strictSame(refusal(startHop(), { type: 'output_audio_buffer.clear' }), ['unsupported_feature', 'type'])
  const truncate = { type: 'conversation.item.truncate', item_id: 'i', content_index: 0, audio_end_ms: 5 }
  t.strictSame(startHop().up(truncate), [truncate])
})

t.test('requests that are never answered are forgotten', async t => {
  const hop = manual()
  for (let i = 0; i < 100; i++) hop.up(commit)
  t.equal(hop.state.requests.length, 16)
})
