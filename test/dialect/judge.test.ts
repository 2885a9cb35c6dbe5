import t from 'tap'
import type { RealtimeEvent } from '../../types/index.ts'
import { translatedPairs } from '../fixtures/dialect/pairs.ts'
import type { TestedPair } from '../fixtures/dialect/pairs.ts'
import type { Played } from '../fixtures/dialect/play.ts'
import { makeSession, playThrough } from '../fixtures/dialect/sequences.ts'

// What the random sessions prove is worth what their judge finds: here every fault is made on purpose, and has to be found.

type Change = (events: readonly RealtimeEvent[], cause: RealtimeEvent) => readonly RealtimeEvent[]
/** `answers` changes what goes back. */
interface Sabotage { readonly down?: Change, readonly up?: Change, readonly answers?: Change, readonly found: RegExp }

const pairNamed = (name: string): TestedPair => translatedPairs.find(pair => pair.name === name)!
const gaOnXai = pairNamed('openai client on xai')
const sessions = new Map(['openai', 'xai'].map(upstream => [upstream, Array.from({ length: 400 }, (_, i) => makeSession(upstream as 'openai' | 'xai', i, 1))]))

/** @returns the first fault that is found */
function findFault (pair: TestedPair, { down, up, answers }: Omit<Sabotage, 'found'>): string | undefined {
  const sabotaged: TestedPair = {
    ...pair,
    play (context) {
      const player = pair.play(context)
      const both = (played: Played, text: string, onward: Change | undefined): Played => change(change(played, text, onward, 'onward'), text, answers, 'back')
      return { ...player, up: (text, type) => both(player.up(text, type), text, up), down: (text, type) => both(player.down(text, type), text, down) }
    }
  }
  for (const session of sessions.get(pair.upstream)!) {
    const fault = playThrough(sabotaged, session)
    if (fault !== undefined) return fault.split('\n')[0]
  }
}

function change (played: Played, text: string, by: Change | undefined, way: 'onward' | 'back'): Played {
  if (by === undefined) return played
  const events = played[way].map(text => JSON.parse(text) as RealtimeEvent)
  const changed = by(events, JSON.parse(text) as RealtimeEvent)
  return changed === events ? played : { ...played, [way]: changed.map(event => JSON.stringify(event)), untouched: false }
}

/** Changes the events of a type. */
const each = (type: string, by: (event: RealtimeEvent) => readonly RealtimeEvent[]): Change => events =>
  events.some(event => event.type === type) ? events.flatMap(event => event.type === type ? by(event) : [event]) : events
const drop = (type: string): Change => each(type, () => [])
const repeat = (type: string): Change => each(type, event => [event, event])
const put = (type: string, fields: object): Change => each(type, event => [{ ...event, ...fields }])
const inside = (type: string, name: string, fields: object): Change => each(type, event => [{ ...event, [name]: { ...event[name] as object, ...fields } }])
const heard = 'conversation.item.input_audio_transcription'

const sabotages: Readonly<Record<string, Sabotage>> = {
  'an event is lost': { down: drop('response.content_part.done'), found: /content_part\.done is lost/ },
  'an event comes twice': { down: repeat('response.output_audio_transcript.delta'), found: /more than once/ },
  'an event comes late': { down: late('response.output_item.added'), found: /output_item\.added is lost/ },
  'an event is added': { down: each('response.created', event => [event, { type: 'rate_limits.updated', event_id: 'new' }]), found: /response\.created brings rate_limits\.updated/ },
  'a dropped event is not dropped': { down: (events, cause) => cause.type === 'ping' ? [cause] : events, found: /ping/ },
  'an unknown event is written again': { down: (events, { type }) => type === 'session.some_day' ? [...events] : events, found: /unknown event/ },
  'an event has another id': { down: put('response.content_part.added', { event_id: 'other' }), found: /another event_id/ },
  'an event is about another item': { down: put('response.output_audio_transcript.delta', { item_id: 'other' }), found: /another item_id/ },
  'an item has another id': { down: inside('conversation.item.added', 'item', { id: 'other' }), found: /another item/ },
  'a call has another id': { down: put('response.function_call_arguments.done', { call_id: 'other' }), found: /another call_id/ },
  'a response has another id': { down: inside('response.created', 'response', { id: 'other' }), found: /another response/ },
  'a response has lost its output': { down: inside('response.done', 'response', { output: [] }), found: /other output/ },
  'an item is never done': { down: drop('conversation.item.done'), found: /is not done/ },
  'an item is done twice': { down: repeat('conversation.item.done'), found: /done twice/ },
  'an item is done before it is added': { down: events => events.length > 1 ? [...events].reverse() : events, found: /before it is added/ },
  'an item is done and in progress': { down: inside('conversation.item.done', 'item', { status: 'in_progress' }), found: /in progress/ },
  'a part is never ended': { down: drop('response.output_audio.done'), found: /ended before its parts/ },
  'an answer that is cut off is not closed': { down: only('response.done'), found: /not ended before its response|is not done/ },
  'an answer that is cut off has another transcript': { down: closing('response.output_audio_transcript.done', { transcript: '-' }), found: /ends as "-"/ },
  'a part ends after its item': { down: events => events.length > 2 && events[0]!.type === 'response.output_audio.done' ? [...events.slice(1, -1), events[0]!, events.at(-1)!] : events, found: /before its parts|after its item/ },
  'an item that was cut off is missing in its response': { down: inside('response.done', 'response', { output: [] }), found: /other output|missing in its response/ },
  'an item comes after another': { down: put('conversation.item.added', { previous_item_id: 'other' }), found: /comes after other/ },
  'an item comes after nothing': { down: put('conversation.item.done', { previous_item_id: null }), found: /comes after null/ },
  'a turn comes after nothing': { down: put('input_audio_buffer.committed', { previous_item_id: null }), found: /committed comes after null/ },
  'all items have the same position': { down: put('response.output_item.added', { output_index: 0 }), found: /two items have the position 0|another position|and ends at/ },
  'an item has no position': { down: put('response.function_call_arguments.delta', { output_index: undefined }), found: /no output_index/ },
  'audio is changed': { down: put('response.output_audio.delta', { delta: 'AAAA' }), found: /says something else/ },
  'a part of the audio is lost': { down: lose('response.output_audio.delta'), found: /part of the audio/ },
  'words are changed': { down: put('response.output_audio_transcript.delta', { delta: 'x' }), found: /says something else/ },
  'arguments are changed': { down: put('response.function_call_arguments.done', { arguments: '{ }' }), found: /says something else/ },
  'an item is done without its words': { down: inside('conversation.item.done', 'item', { content: [] }), found: /conversation\.item\.done says ""/ },
  'a part is done without its words': { down: put('response.content_part.done', { part: { type: 'audio', transcript: '-' } }), found: /content_part\.done (says|ends as)/ },
  'a transcript is changed at its end': { down: put(`${heard}.completed`, { transcript: '-' }), found: /ends as "-"/ },
  'a transcript has no end': { down: drop(`${heard}.completed`), found: /ends as undefined/ },
  'a transcript begins with something else': { down: put(`${heard}.delta`, { delta: '-' }), found: /begins with "-/ },
  'a response is not paid': { down: each('response.done', event => [{ ...event, response: { ...event.response as object, usage: null } }]), found: /no usage/ },
  'a response is paid twice': { down: each('response.done', event => [{ ...event, response: { ...event.response as object, usage: { total_tokens: 2 } } }]), found: /another usage/ },
  'the metadata is lost': { down: inside('response.done', 'response', { metadata: null }), found: /metadata/ },
  'a field is of another kind': { down: inside('response.created', 'response', { status_details: 'unimplemented' }), found: /\.response\.status_details/ },
  'audio of the client is written again': { up: (events, { type }) => type === 'input_audio_buffer.append' ? [...events] : events, found: /audio is not passed/ },
  'a client\'s event is lost': { up: drop('conversation.item.create'), found: /item\.create is lost/ },
  'a client\'s event is sent twice': { up: repeat('conversation.item.delete'), found: /sent more than once/ },
  'a client\'s event brings another': { up: each('conversation.item.create', event => [event, { type: 'response.create' }]), found: /makes response\.create/ }
}

/** Leaves out what is told beside an event of a type. */
function only (type: string): Change {
  return (events, cause) => cause.type === type && events.length > 1 ? events.filter(event => event.type === type) : events
}

/** Changes an event that the end of a response brings. */
function closing (type: string, fields: object): Change {
  return (events, cause) => cause.type === 'response.done' ? put(type, fields)(events, cause) : events
}

/** Holds the events of a type back until the next step. */
function late (type: string): Change {
  let held: readonly RealtimeEvent[] = []
  return events => {
    const before = held
    held = events.filter(event => event.type === type)
    return before.length + held.length === 0 ? events : [...before, ...events.filter(event => event.type !== type)]
  }
}

/** Loses every other event of a type. */
function lose (type: string): Change {
  let count = 0
  return each(type, event => count++ % 2 === 0 ? [event] : [])
}

t.test('the judge finds nothing where nothing is wrong', async t => {
  t.equal(findFault(gaOnXai, {}), undefined)
})

for (const [name, { found, ...sabotage }] of Object.entries(sabotages)) {
  t.test(`the judge finds that ${name}`, async t => {
    t.match(findFault(gaOnXai, sabotage), found)
  })
}

t.test('the judge finds what is wrong with a client of another dialect', async t => {
  const betaOnOpenai = pairNamed('beta client on openai')
  t.match(findFault(betaOnOpenai, { down: put('response.audio.delta', { type: 'response.output_audio.delta' }) }), /brings response\.output_audio\.delta|is lost/)
  t.match(findFault(betaOnOpenai, { down: repeat('conversation.item.created') }), /more than once|added twice/)
  t.match(findFault(betaOnOpenai, { up: each('session.update', event => [{ ...event, session: { modalities: ['text'], voice: 5, audio: 1 } }]) }), /for the provider/)
  const xaiOnOpenai = pairNamed('xai client on openai')
  t.match(findFault(xaiOnOpenai, { down: put(`${heard}.updated`, { transcript: '-' }) }), /begins with "-"/)
  t.match(findFault(xaiOnOpenai, { down: put('response.done', { usage: null }) }), /no usage/)
  t.match(findFault(xaiOnOpenai, { down: drop('session.updated') }), /session\.updated is lost/)
})

t.test('the judge finds what is wrong with the answers to what an xAI client commits', async t => {
  const xaiOnOpenai = pairNamed('xai client on openai')
  const answerTo = (type: string, event: RealtimeEvent): Change => (events, cause) => cause.type === type && events.length === 0 ? [event] : events
  const respond = { type: 'response.create' }
  t.equal(findFault(xaiOnOpenai, {}), undefined)
  t.match(findFault(xaiOnOpenai, { answers: drop('response.create') }), /answered with nothing instead of .*response\.create/)
  t.match(findFault(xaiOnOpenai, { answers: drop('response.cancel') }), /answered with nothing instead of .*response\.cancel/)
  t.match(findFault(xaiOnOpenai, { answers: repeat('response.create') }), /response\.create.*,.*response\.create.* instead of/)
  t.match(findFault(xaiOnOpenai, { answers: put('response.cancel', { event_id: 'other' }) }), /"other".* instead of/)
  t.match(findFault(xaiOnOpenai, { answers: each('response.cancel', () => [respond]) }), /response\.create.* instead of .*response\.cancel/)
  t.match(findFault(xaiOnOpenai, { answers: answerTo('input_audio_buffer.committed', respond) }), /committed is answered with .*response\.create.* instead of nothing/)
  t.match(findFault(xaiOnOpenai, { answers: answerTo('response.done', respond) }), /done is answered with .*response\.create.* instead of nothing/)
  t.match(findFault(xaiOnOpenai, { answers: answerTo('response.created', respond) }), /created is answered with/)
  t.match(findFault(xaiOnOpenai, { up: each('input_audio_buffer.commit', event => [event, respond]) }), /commit makes response\.create/)
  t.match(findFault(xaiOnOpenai, { answers: answerTo('conversation.item.create', { type: 'error', error: { type: 'x', code: 'x', message: 'x' } }) }), /is sent and answered with error|names the event/)
  t.match(findFault(xaiOnOpenai, { down: (events, { error }) => (error as { event_id?: unknown } | undefined)?.event_id === 'gateway_cancel_for_commit' ? [{ type: 'error' }] : events }), /has not asked for/)
  t.match(findFault(gaOnXai, { answers: answerTo('input_audio_buffer.committed', respond) }), /committed is answered/)
})
