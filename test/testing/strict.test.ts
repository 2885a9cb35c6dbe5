import t from 'tap'
import { refusedByOpenAi } from '../../lib/testing/simulator/strict-openai.ts'
import { refusedByXai } from '../../lib/testing/simulator/strict-xai.ts'
import type { RealtimeEvent } from '../../types/index.ts'
import { validateGaClient } from '../fixtures/dialect/types.ts'
import { loadRecordings } from '../fixtures/recordings.ts'
import { connect, start } from './client.ts'

const update = (session: object, type = 'realtime'): RealtimeEvent => ({ type: 'session.update', session: { type, ...session } })
const create = (response: object): RealtimeEvent => ({ type: 'response.create', response })
const item = (item: object): RealtimeEvent => ({ type: 'conversation.item.create', item })
const mcp = { type: 'mcp', server_label: 's', server_url: 'https://mcp.example' }

type Row = readonly [event: RealtimeEvent, param: string, code?: string]

const openai: readonly Row[] = [
  [update({ modalities: ['text'] }), 'session.modalities', 'unknown_parameter'],
  [update({ voice: 'marin' }), 'session.voice', 'unknown_parameter'],
  [update({ audio: { transport: 'json' } }), 'session.audio.transport', 'unknown_parameter'],
  [update({ audio: { input: { transport: 'json' } } }), 'session.audio.input.transport', 'unknown_parameter'],
  [update({ audio: { input: { transcription: { language_hint: 'en' } } } }), 'session.audio.input.transcription.language_hint', 'unknown_parameter'],
  [update({ audio: { input: { turn_detection: { type: 'server_vad', sensitivity: 1 } } } }), 'session.audio.input.turn_detection.sensitivity', 'unknown_parameter'],
  [update({ audio: { input: { turn_detection: { type: 'server_vad', create_response: true } } } }, 'transcription'), 'session.audio.input.turn_detection.create_response', 'unknown_parameter'],
  [update({ audio: { input: { format: { type: 'audio/pcmu', rate: 8000 } } } }), 'session.audio.input.format.rate', 'unknown_parameter'],
  [update({ audio: { output: { format: { type: 'audio/pcm', rate: 16000 } } } }), 'session.audio.output.format.rate'],
  [update({ audio: { output: { voice: 'ara' } } }), 'session.audio.output.voice'],
  [update({ audio: { output: { speed: 2 } } }), 'session.audio.output.speed'],
  [update({ max_output_tokens: 5000 }), 'session.max_output_tokens'],
  [update({ model: 'another' }), 'session.model'],
  [update({ tools: [{ type: 'function', function: { name: 'f' } }] }), 'session.tools[0].function', 'unknown_parameter'],
  [update({ tools: [{ type: 'web_search' }] }), 'session.tools[0].type'],
  [update({ tools: [{ ...mcp, connector_id: 'c' }] }), 'session.tools[0]'],
  [update({ tools: [{ type: 'mcp', server_label: 's' }] }), 'session.tools[0]'],
  [create({ modalities: ['text'] }), 'response.modalities', 'unknown_parameter'],
  [create({ voice: 'marin' }), 'response.voice', 'unknown_parameter'],
  [create({ audio: { output: { voice: 'eve' } } }), 'response.audio.output.voice'],
  [create({ tools: [{ ...mcp, tunnel_id: 't' }] }), 'response.tools[0]'],
  [create({ input: [{ type: 'message', role: 'user', content: [{ type: 'text', text: 'Hi' }] }] }), 'response.input[0].content[0].type'],
  [item({ type: 'force_message', role: 'assistant', content: [] }), 'item.type'],
  [item({ type: 'item_reference', id: 'i' }), 'item.type'],
  [item({ type: 'message', role: 'tool', content: [] }), 'item.role'],
  [item({ type: 'message', role: 'user', content: [{ type: 'text', text: 'Hi' }] }), 'item.content[0].type'],
  [item({ type: 'message', role: 'assistant', content: [{ type: 'input_text', text: 'Hi' }] }), 'item.content[0].type'],
  [item({ type: 'message', role: 'user', content: [], replayed: true }), 'item.replayed', 'unknown_parameter']
]

const xai: readonly Row[] = [
  [update({ tools: [{ ...mcp, require_approval: 'never' }] }), 'session.tools[0].require_approval'],
  [update({ tools: [{ type: 'web_search' }, { ...mcp, connector_id: 'c' }] }), 'session.tools[1].connector_id'],
  [create({ tools: [{ ...mcp, tunnel_id: 't' }] }), 'response.tools[0].tunnel_id'],
  [update({ turn_detection: { type: 'semantic_vad' } }), 'session.turn_detection.type'],
  [update({ turn_detection: { type: 'server_vad', threshold: 0.95 } }), 'session.turn_detection.threshold'],
  [update({ turn_detection: { type: 'server_vad', silence_duration_ms: 20_000 } }), 'session.turn_detection.silence_duration_ms'],
  [update({ reasoning: { effort: 'low' } }), 'session.reasoning.effort'],
  [update({ audio: { output: { speed: 0.5 } } }), 'session.audio.output.speed'],
  [update({ audio: { input: { transcription: { keyterms: Array.from({ length: 101 }, () => 'a') } } } }), 'session.audio.input.transcription.keyterms'],
  [update({ audio: { input: { transcription: { keyterms: ['a'.repeat(51)] } } } }), 'session.audio.input.transcription.keyterms'],
  [item({ type: 'message', role: 'user', content: [{ type: 'input_text', text: 'x' }, { type: 'input_image', image_url: 'data:' }] }), 'item.content[1].type']
]

t.test('a strict OpenAI refuses what the real one does, and names the field', async t => {
  for (const [event, param, code = 'invalid_value'] of openai) {
    const session = { type: String((event['session'] as { type?: unknown } | undefined)?.type ?? 'realtime'), model: 'gpt-realtime' }
    t.match(refusedByOpenAi(event, session), { code, param }, param)
  }
})

t.test('a strict xAI refuses what it documents as unsupported, and names the field', async t => {
  for (const [event, param] of xai) t.match(refusedByXai(event), { code: 'invalid_request_error', param }, param)
})

t.test('neither refuses what clients have sent in recorded sessions', async t => {
  const sent = loadRecordings().flatMap(({ provider, interactions }) => interactions.filter(({ direction }) => direction === 'sent').map(({ data }) => [provider, data] as const))
  for (const [provider, event] of sent) {
    const model = (event['session'] as { model?: string } | undefined)?.model
    t.equal(provider === 'xai' ? refusedByXai(event) : refusedByOpenAi(event, { type: 'realtime', model }), undefined, event.type)
  }
})

t.test('a strict OpenAI takes every field that its types have', async t => {
  const events = [
    update({
      model: 'gpt-realtime',
      output_modalities: ['audio'],
      instructions: 'Hi',
      tool_choice: 'auto',
      max_output_tokens: 'inf',
      tracing: 'auto',
      truncation: 'auto',
      prompt: null,
      include: [],
      parallel_tool_calls: true,
      reasoning: { effort: 'low' },
      tools: [{ type: 'function', name: 'f', description: 'd', parameters: {} }, { ...mcp, server_description: 'd', authorization: 'a', headers: { a: 'b' }, allowed_tools: ['a'], require_approval: 'never' }],
      audio: {
        input: { format: { type: 'audio/pcm', rate: 24000 }, transcription: { model: 'whisper-1', language: 'en', prompt: 'p' }, noise_reduction: { type: 'near_field' }, turn_detection: { type: 'server_vad', threshold: 0.5, prefix_padding_ms: 300, silence_duration_ms: 200, idle_timeout_ms: null, create_response: true, interrupt_response: true } },
        output: { format: { type: 'audio/pcmu' }, voice: 'marin', speed: 1 }
      }
    }),
    create({ conversation: 'none', instructions: 'Hi', output_modalities: ['text'], metadata: { a: 'b' }, tool_choice: 'none', tools: [], max_output_tokens: 1, input: [{ type: 'message', role: 'system', content: [{ type: 'input_text', text: 'Hi' }] }], audio: { output: { format: { type: 'audio/pcma' }, voice: { id: 'mine' } } } }),
    item({ type: 'mcp_approval_response', id: 'i', approval_request_id: 'r', approve: true })
  ]
  for (const event of events) {
    t.strictSame(validateGaClient(event), [], 'a declared event')
    t.equal(refusedByOpenAi(event, { type: 'realtime', model: 'gpt-realtime' }), undefined)
  }
})

t.test('what is no object is none of the strict rules\' business', async t => {
  for (const type of ['session.update', 'response.create', 'conversation.item.create', 'input_audio_buffer.append']) {
    for (const value of [undefined, null, 5, [], { content: [null, 5], tools: [null, 5], audio: 5, input: [null] }]) {
      const event = { type, session: value, response: value, item: value }
      refusedByXai(event)
      t.notOk(refusedByOpenAi(event, { type: 'transcription' }) instanceof Error)
    }
  }
})

t.test('strictness is the default, and can be switched off', async t => {
  for (const strict of [undefined, true, false]) {
    for (const [flavour, event] of [['openai', openai[7]![0]], ['azure', openai[13]![0]], ['xai', xai[0]![0]]] as const) {
      const client = await connect(await start(t, { flavour, strict }))
      client.send(event)
      await client.next(strict === false ? 'session.updated' : 'error')
      client.ws.close()
    }
  }
})
