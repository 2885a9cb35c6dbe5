import t from 'tap'
import type { RealtimeEvent } from '../../types/index.ts'
import { agentsTypes, validateAgents } from '../fixtures/dialect/agents.ts'
import { asBetaClient, asBetaServer } from '../fixtures/dialect/client-events.ts'
import { openaiSession } from '../fixtures/dialect/openai-session.ts'
import { createRandom } from '../fixtures/dialect/random.ts'
import { playSession } from '../fixtures/dialect/stage.ts'
import { validateBeta, validateBetaClient, validateGa, validateGaClient } from '../fixtures/dialect/types.ts'
import { loadRecordings, recordingsFolder } from '../fixtures/recordings.ts'

type Path = ReadonlyArray<string | number>

const recordings = loadRecordings()
if (recordings.length === 0) t.comment(`skipped: no recordings at ${recordingsFolder}`)
const real = recordings.filter(({ provider }) => provider !== 'xai').flatMap(({ interactions }) => interactions)

// What a provider says today and beta had no name for: today's models, tools of other kinds, voices that are objects, what a client sends of an assistant's speech.
const newerThanBeta = /^\.session\.(model|tool_choice|tools\[1\]\.type|voice) is |^\.response\.(tool_choice|input\[0\]\.content\[0\]\.type) is /

/** What the declarations do not say, or leave open. */
const undeclared = ['obfuscation', 'session.object', 'session.id', 'session.expires_at', 'session.tools.parameters', 'item.phase', 'response.output.phase',
  // Azure's twin of `part`.
  'content']

/** One event of each type and shape that the made-up sessions have. */
const made = [...new Map(Array.from({ length: 60 }, (_, seed) => playSession(createRandom(seed), openaiSession, 60, false)).flat()
  .filter(({ event }) => !event.type.endsWith('some_day'))
  .map(line => [line.event.type + leaves(line.event).map(path => path.join('.')).join(), line] as const)).values()]

/** The paths of all that an event holds. */
function leaves (value: unknown, path: Path = []): Path[] {
  const deeper = typeof value === 'object' && value !== null ? Object.entries(value).flatMap(([name, field]) => leaves(field, [...path, Array.isArray(value) ? Number(name) : name])) : []
  return path.length === 0 ? deeper : [path, ...deeper]
}

/** A copy of an event with something else at a path; `undefined`: nothing. */
function mutate (event: RealtimeEvent, path: Path, change: (value: unknown) => unknown): RealtimeEvent {
  const copy = structuredClone(event) as Record<string | number, unknown>
  const holder = path.slice(0, -1).reduce((value, name) => value[name] as Record<string | number, unknown>, copy)
  const name = path.at(-1)!
  const changed = change(holder[name])
  if (changed === undefined) delete holder[name]
  else holder[name] = changed
  return copy as unknown as RealtimeEvent
}

const otherType = (value: unknown): unknown => typeof value === 'string' || value === null ? [{}] : 'a text, where something else belongs'

t.test('every frame that OpenAI and Azure have sent is of a declared GA type', { skip: real.length === 0 }, async t => {
  for (const { direction, data } of real) t.strictSame(direction === 'received' ? validateGa(data) : validateGaClient(data), [], data.type)
})

t.test('the parser of @openai/agents-realtime reads every frame that OpenAI and Azure have sent as its own type', { skip: real.length === 0 }, async t => {
  for (const { direction, data } of real) {
    // The parser wants no null here, and Azure sends one.
    const expected = data.type === 'conversation.item.input_audio_transcription.failed' ? ['is not read as its own type', 'error.param: Invalid input: expected string, received null'] : []
    if (direction === 'received') t.strictSame(validateAgents(data), expected, data.type)
  }
})

t.test('frames of xAI are not of OpenAI\'s types', { skip: recordings.length === 0 }, async t => {
  const frames = recordings.filter(({ provider }) => provider === 'xai').flatMap(({ interactions }) => interactions).filter(({ direction }) => direction === 'received')
  const refused = [...new Set(frames.filter(({ data }) => validateGa(data).length > 0).map(({ data }) => data.type))].sort()
  t.strictSame(refused, [
    'conversation.item.added', 'conversation.item.input_audio_transcription.completed', 'conversation.item.input_audio_transcription.updated', 'ping',
    'response.content_part.done', 'response.created', 'response.done', 'response.function_call_arguments.delta', 'response.output_item.added', 'response.output_item.done',
    'session.created', 'session.updated'
  ])
})

t.test('events of made-up sessions are of declared types, in the GA and the beta shape', async t => {
  for (const { sent, event } of made) {
    t.strictSame(sent ? validateGaClient(event) : [...validateGa(event), ...validateAgents(event)], declaredLess(event), JSON.stringify(event))
    const beta = sent ? asBetaClient(event) : asBetaServer(event)
    if (beta === undefined) continue
    t.strictSame((sent ? validateBetaClient(beta) : validateBeta(beta)).filter(fault => !newerThanBeta.test(fault)), [], JSON.stringify(beta))
  }
})

/** What the declarations do not know, although the API's reference has it. */
function declaredLess (event: RealtimeEvent): string[] {
  const input = (event as { response?: { input?: Array<{ type: string }> } }).response?.input ?? []
  return input.flatMap(({ type }, i) => type === 'item_reference' ? [`.response.input[${i}] is "item_reference", expected ConversationItem`] : [])
}

t.test('an event with any declared field of another type is refused', async t => {
  const unchecked = new Set<string>()
  for (const event of [...made.filter(({ sent }) => !sent).map(({ event }) => event), ...real.filter(({ direction }) => direction === 'received').map(({ data }) => data)]) {
    for (const path of leaves(event)) {
      if (path.length > 0 && validateGa(mutate(event, path, otherType)).length === 0) unchecked.add(path.filter(name => typeof name === 'string').join('.'))
    }
  }
  const known = (path: string): string | undefined => undeclared.find(known => path === known || path.startsWith(`${known}.`))
  t.strictSame([...unchecked].filter(path => known(path) === undefined), [])
  // The recordings hold what no made-up session does.
  if (real.length > 0) t.strictSame(undeclared.filter(path => ![...unchecked].some(each => known(each) === path)), [])
})

t.test('an event that lacks a required field is refused', async t => {
  const stream = ['event_id', 'response_id', 'item_id', 'output_index', 'content_index']
  const required: Readonly<Record<string, readonly string[]>> = {
    error: ['event_id', 'error', 'error.type', 'error.message'],
    'session.created': ['event_id', 'session', 'session.type'],
    'session.updated': ['event_id', 'session', 'session.type'],
    'conversation.item.added': ['event_id', 'item', 'item.type'],
    'conversation.item.done': ['event_id', 'item', 'item.type'],
    'conversation.item.retrieved': ['event_id', 'item', 'item.type', 'item.role', 'item.content'],
    'conversation.item.truncated': ['event_id', 'item_id', 'content_index', 'audio_end_ms'],
    'conversation.item.deleted': ['event_id', 'item_id'],
    'conversation.item.input_audio_transcription.delta': ['event_id', 'item_id'],
    'conversation.item.input_audio_transcription.completed': ['event_id', 'item_id', 'content_index', 'transcript', 'usage', 'usage.type'],
    'conversation.item.input_audio_transcription.failed': ['event_id', 'item_id', 'content_index', 'error'],
    'input_audio_buffer.speech_started': ['event_id', 'item_id', 'audio_start_ms'],
    'input_audio_buffer.speech_stopped': ['event_id', 'item_id', 'audio_end_ms'],
    'input_audio_buffer.committed': ['event_id', 'item_id'],
    'input_audio_buffer.cleared': ['event_id'],
    'response.created': ['event_id', 'response'],
    'response.done': ['event_id', 'response'],
    'response.output_item.added': ['event_id', 'response_id', 'output_index', 'item', 'item.type'],
    'response.output_item.done': ['event_id', 'response_id', 'output_index', 'item', 'item.type'],
    'response.content_part.added': [...stream, 'part'],
    'response.content_part.done': [...stream, 'part'],
    'response.output_text.delta': [...stream, 'delta'],
    'response.output_text.done': [...stream, 'text'],
    'response.output_audio.delta': [...stream, 'delta'],
    'response.output_audio.done': stream,
    'response.output_audio_transcript.delta': [...stream, 'delta'],
    'response.output_audio_transcript.done': [...stream, 'transcript'],
    'response.function_call_arguments.delta': [...stream.slice(0, 4), 'call_id', 'delta'],
    'response.function_call_arguments.done': [...stream.slice(0, 4), 'call_id', 'name', 'arguments'],
    'rate_limits.updated': ['event_id', 'rate_limits']
  }
  for (const { event } of made.filter(({ sent }) => !sent)) {
    for (const path of required[event.type] ?? []) {
      t.not(validateGa(mutate(event, path.split('.'), () => undefined)).length, 0, `${event.type} without ${path}`)
      t.not(validateGa(mutate(event, path.split('.'), () => null)).length, 0, `${event.type} with null as ${path}`)
    }
    t.ok(event.type in required, event.type)
  }
})

t.test('an event with a wrong literal is refused, and the fault names the path and what is declared', async t => {
  const by = (type: string, has?: string): RealtimeEvent => made.find(({ event }) => event.type === type && (has === undefined || JSON.stringify(event).includes(has)))!.event
  const wrong = (event: RealtimeEvent, path: string, value: unknown): string => validateGa(mutate(event, path.split('.'), () => value)).join()
  t.match(wrong(by('response.done'), 'response.status', 'done'), /^\.response\.status is "done", expected .*"completed"/)
  t.match(wrong(by('response.done'), 'response.status_details', 'unimplemented'), /^\.response\.status_details is "unimplemented"/)
  t.match(wrong(by('response.done', 'output_audio'), 'response.output.0.content.0.type', 'audio'), /^\.response\.output\[0\]\.content\[0\]\.type is "audio", expected "output_text" \| "output_audio"/)
  t.match(wrong(by('conversation.item.added', 'input_text'), 'item.role', 'tool'), /^\.item\.role is "tool"/)
  t.match(wrong(by('conversation.item.added', 'in_progress'), 'item.status', 'incomplet'), /^\.item\.status/)
  t.match(wrong(by('response.content_part.added'), 'part.type', 'output_audio'), /^\.part\.type/)
  t.match(wrong(by('session.created'), 'session.type', 'conversation'), /^\.session/)
  t.match(wrong(by('session.created'), 'session.audio.input.format', 'pcm16'), /^\.session\.audio\.input\.format/)
  t.match(wrong(by('rate_limits.updated'), 'rate_limits.0.name', 'seconds'), /^\.rate_limits\[0\]\.name/)
  t.match(wrong(by('response.created'), 'type', 'response.beginning'), /^\.type is "response.beginning"/)
  const transcribed = asBetaServer(by('response.done', 'output_audio'))!
  t.match(validateBeta(mutate(transcribed, ['response', 'output', 0, 'content', 0, 'type'], () => 'output_audio')).join(), /content\[0\]\.type/)
  t.match(validateBeta(by('response.output_audio.delta')).join(), /^\.type is "response.output_audio.delta"/)
  t.match(validateGa(asBetaServer(by('response.output_audio.delta'))!).join(), /^\.type is "response.audio.delta"/)
})

t.test('the events of a beta transcription session are declared, or known to be forgotten', async t => {
  const session = { id: 'sess_1', object: 'realtime.transcription_session', client_secret: null, input_audio_format: 'pcm16', modalities: ['audio', 'text'] }
  for (const type of ['transcription_session.created', 'transcription_session.updated']) {
    t.match(validateBeta({ type, event_id: 'e', session }).join(), /^\.session\.client_secret is null/)
    t.strictSame(validateBeta({ type, event_id: 'e', session: { ...session, client_secret: { value: 'ek', expires_at: 1 } } }), [])
    t.match(validateBeta({ type, event_id: 'e', session: { ...session, client_secret: { value: 'ek', expires_at: 1 }, input_audio_format: 1 } }).join(), /^\.session\.input_audio_format/)
  }
  t.strictSame(validateBetaClient({ type: 'transcription_session.update', session: { input_audio_format: 'pcm16' } }), [])
})

t.test('the parser of @openai/agents-realtime refuses what it cannot read as its own type, and says nothing of types that it does not know', async t => {
  t.ok(agentsTypes.has('response.done'))
  t.notOk(agentsTypes.has('input_audio_buffer.timeout_triggered'))
  t.strictSame(validateAgents({ type: 'some.day' }), [])
  t.match(validateAgents({ type: 'response.done', event_id: 'e', response: { status_details: 'unimplemented' } }), ['is not read as its own type', /^response\.status_details/])
  t.match(validateAgents({ type: 'response.content_part.done', event_id: 'e' }).join(), /part/)
})
