import t from 'tap'
import { shortId } from '../../lib/dialect/xai/upstream/call-ids.ts'
import type { RealtimeEvent } from '../../types/index.ts'
import { loadRecordings, recordingsFolder } from '../fixtures/recordings.ts'
import { faultsOf, startPair } from '../fixtures/dialect/xai-upstream.ts'

const recordings = loadRecordings().filter(({ provider }) => provider === 'xai')
if (recordings.length === 0) t.comment(`skipped: no recordings at ${recordingsFolder}`)

interface Ids { readonly id?: unknown, readonly status?: unknown }
interface Told { readonly from: RealtimeEvent, readonly events: readonly RealtimeEvent[], readonly untouched: boolean }

const prefix = 'conversation.item.input_audio_transcription'
const itemOf = (event: RealtimeEvent): Ids & RealtimeEvent => event['item'] as Ids & RealtimeEvent

/** What a client hears of a connection, event by event. */
function play (received: readonly RealtimeEvent[]): Told[] {
  const { down } = startPair()
  return received.map(from => {
    const text = JSON.stringify(from)
    const passes = !down.types.includes(from.type) || down.nameOf(from.type) === from.type
    const rewritten = passes ? undefined : down.translate(Buffer.from(text))
    return { from, untouched: rewritten === undefined, events: rewritten?.onward.map(text => JSON.parse(text) as RealtimeEvent) ?? [from] }
  })
}

/** The names under which one event of xAI's reaches the client, in order. `undefined`: any of them may be left out. */
function expected (from: RealtimeEvent, { told, open, seen }: { told: Map<unknown, string>, open: Set<unknown>, seen: Set<unknown> }): string[] {
  const { type, item_id: id, transcript, status } = from
  const done = 'conversation.item.done'
  switch (type) {
    case 'ping':
      return []
    case 'conversation.item.added': {
      const item = itemOf(from)
      if (seen.has(item.id)) return []
      seen.add(item.id)
      if (item.status !== 'in_progress') return [type, done]
      open.add(item.id)
      return [type]
    }
    case 'input_audio_buffer.committed':
      return open.delete(id) ? [type, done] : [type]
    case 'response.output_item.done':
      return open.delete(itemOf(from).id) ? [done, type] : [type]
    case `${prefix}.updated`:
    case `${prefix}.completed`: {
      if (type === `${prefix}.completed` && status !== 'in_progress') return [type]
      const before = told.get(id) ?? ''
      if (!String(transcript).startsWith(before) || transcript === before) return []
      told.set(id, String(transcript))
      return [`${prefix}.delta`]
    }
    default:
      return [type]
  }
}

for (const { name, interactions } of recordings) {
  const connections = [...new Set(interactions.map(({ connection }) => connection))].map(connection =>
    interactions.filter(each => each.connection === connection && each.direction === 'received').map(({ data }) => data))
  const told = connections.map(play)
  const all = told.flat()

  t.test(`${name}: every event that a client hears is OpenAI's`, async t => {
    t.strictSame(all.flatMap(({ events }) => events.flatMap(faultsOf)), [])
  })

  t.test(`${name}: nothing is lost, added or reordered but what is named`, async t => {
    for (const connection of told) {
      const memory = { told: new Map<unknown, string>(), open: new Set<unknown>(), seen: new Set<unknown>() }
      for (const { from, events } of connection) t.strictSame(events.map(({ type }) => type), expected(from, memory), from.type)
      t.equal(memory.open.size, 0, 'every item is done')
    }
  })

  t.test(`${name}: sound is never read, and ids are those of xAI, but for the short ones of calls`, async t => {
    for (const { from, events, untouched } of all) {
      if (from.type.startsWith('response.output_audio.')) t.ok(untouched)
      const main = events.find(({ event_id: id }) => id === from.event_id)
      if (main === undefined) continue
      for (const field of ['item_id', 'response_id', 'call_id'] as const) {
        const id = from[field]
        if (from.type !== 'response.done') t.equal(main[field], typeof id === 'string' ? shortId(id) : id, `${field} of ${from.type}`)
      }
      t.equal((main['response'] as Ids | undefined)?.id, (from['response'] as Ids | undefined)?.id)
      t.equal((main['item'] as Ids | undefined)?.id, (from['item'] as Ids | undefined)?.id)
    }
    const ids = all.flatMap(({ events }) => events.map(({ event_id: id }) => id))
    t.equal(new Set(ids).size, ids.length, 'each is used once')
  })

  t.test(`${name}: what a response says is the same in each place`, async t => {
    for (const { events } of all.filter(({ from }) => from.type === 'response.done')) {
      const { output, usage } = events.at(-1)!['response'] as { output: Array<Ids & { content?: unknown }>, usage: { total_tokens: number } }
      t.ok(usage.total_tokens > 0)
      output.forEach((item, i) => {
        const ends = all.flatMap(({ events }) => events).filter(({ type, item: told }) => /item\.done$/.test(type) && (told as Ids).id === item.id)
        t.strictSame(ends.map(({ type }) => type), ['conversation.item.done', 'response.output_item.done'])
        for (const end of ends) t.strictSame(itemOf(end), item)
        t.equal(ends[1]!['output_index'], i)
      })
    }
  })

  t.test(`${name}: an update in xAI's own words reaches it as it is said, under an id`, async t => {
    for (const { data } of interactions.filter(({ direction, data }) => direction === 'sent' && data.type === 'session.update')) {
      const { up } = startPair({ strict: true })
      const rewritten = up.translate(Buffer.from(JSON.stringify(data)))
      t.strictSame(rewritten?.onward.map(text => JSON.parse(text) as unknown), [{ ...data, event_id: 'gateway_update_1' }])
    }
  })
}

t.test('the two calls of a round have their positions, and the second response begins anew', { skip: recordings.length === 0 }, async t => {
  const { interactions } = recordings.find(({ name }) => name.endsWith('tool_call_round'))!
  const events = play(interactions.filter(({ direction }) => direction === 'received').map(({ data }) => data)).flatMap(({ events }) => events)
  t.strictSame(events.filter(({ type }) => type === 'response.output_item.added').map(event => [event['output_index'], itemOf(event).type]), [[0, 'message'], [1, 'function_call'], [0, 'message']])
  const delta = events.find(({ type }) => type === 'response.function_call_arguments.delta')
  t.match(delta, { output_index: 1, call_id: 'call_x-r47WMiB0S1-3GXqkclDTxg0' })
})
