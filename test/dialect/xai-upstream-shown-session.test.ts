import t from 'tap'
import type { RealtimeEvent } from '../../types/index.ts'
import { faultsOf, says, startHop } from '../fixtures/dialect/xai-upstream.ts'

const update = (session: unknown): RealtimeEvent => ({ type: 'session.update', event_id: 'c1', session })
const vad = { type: 'server_vad', create_response: true, interrupt_response: true }

const shown = {
  type: 'realtime',
  object: 'realtime.session',
  id: 'sess_x',
  model: 'grok-voice-latest',
  output_modalities: ['audio'],
  instructions: '',
  tools: [],
  tool_choice: 'auto',
  max_output_tokens: 'inf',
  tracing: null,
  truncation: 'auto',
  prompt: null,
  audio: {
    input: { format: { type: 'audio/pcm', rate: 24000 }, transcription: null, noise_reduction: null, turn_detection: vad },
    output: { format: { type: 'audio/pcm', rate: 24000 }, voice: 'ara', speed: 1 }
  },
  include: null
}

t.test('session.created is a whole session of OpenAI\'s, in its order', async t => {
  const [event] = startHop().down(says.created())
  t.equal(JSON.stringify(event), JSON.stringify({ type: 'session.created', event_id: 'ev_session', session: shown }))
  t.strictSame(faultsOf(event!), [])
  const [second] = startHop().down(says.created({ voice: 'xai_ara' }))
  t.match(second, { session: { audio: { output: { voice: 'ara' } } } }, 'newer models call it by another name')
})

t.test('session.updated shows what the client asked for, in its own words', async t => {
  const hop = startHop()
  hop.down(says.created())
  hop.up(update({
    type: 'realtime',
    output_modalities: ['text'],
    audio: {
      input: { format: { type: 'audio/pcmu' }, transcription: { model: 'whisper-1', language: 'de', prompt: 'x' }, turn_detection: { type: 'semantic_vad', eagerness: 'high' } },
      output: { voice: 'cedar', speed: 1.2 }
    }
  }))
  const tool = { name: 'f', description: 'd', parameters: { type: 'object' } }
  const [event] = hop.down(says.updated({
    turn_detection: { ...vad, silence_duration_ms: 200 },
    tools: [{ type: 'function', function: tool }, { type: 'web_search' }, { type: 'function', name: 'g' }],
    tool_choice: { type: 'function', function: { name: 'f' } },
    input_audio_transcription: { model: 'grok-transcribe' },
    audio: { input: { format: { type: 'audio/pcmu' } } }
  }))
  t.equal(JSON.stringify(event!['session']), JSON.stringify({
    ...shown,
    output_modalities: ['text'],
    instructions: 'Be short.',
    tools: [{ type: 'function', ...tool }, { type: 'web_search' }, { type: 'function', name: 'g' }],
    tool_choice: { type: 'function', name: 'f' },
    audio: {
      input: {
        format: { type: 'audio/pcmu' },
        transcription: { model: 'whisper-1', language: 'de', prompt: null },
        noise_reduction: null,
        turn_detection: { type: 'server_vad', silence_duration_ms: 200, create_response: true, interrupt_response: true }
      },
      output: { format: { type: 'audio/pcm', rate: 24000 }, voice: 'cedar', speed: 1.2 }
    }
  }))
})

t.test('what is shown follows what is said last, by xAI or the client', async t => {
  const rows: ReadonlyArray<readonly [what: string, said: object, answer: object, shown: object]> = [
    ['detection that xAI does not repeat', { audio: { input: { turn_detection: { type: 'server_vad', threshold: 0.4 } } } }, {}, { input: { turn_detection: { type: 'server_vad', threshold: 0.4, create_response: true, interrupt_response: true } } }],
    ['detection that does not interrupt', { audio: { input: { turn_detection: { type: 'server_vad', interrupt_response: false } } } }, {}, { input: { turn_detection: { type: 'server_vad', create_response: true, interrupt_response: false } } }],
    ['detection that is off', { audio: { input: { turn_detection: null } } }, {}, { input: { turn_detection: null } }],
    ['detection that xAI says is off', {}, { turn_detection: { type: null } }, { input: { turn_detection: null } }],
    ['detection at xAI\'s path', { turn_detection: null }, {}, { input: { turn_detection: null } }],
    ['a mapped voice', { audio: { output: { voice: 'shimmer' } } }, { voice: 'xai_eve' }, { output: { voice: 'shimmer' } }],
    ['a voice by id', { audio: { output: { voice: { id: 'Mine' } } } }, { voice: 'Mine' }, { output: { voice: 'Mine' } }],
    ['another voice than was asked for', { audio: { output: { voice: 'shimmer' } } }, { voice: 'leo' }, { output: { voice: 'leo' } }],
    ['a voice at xAI\'s path', { voice: 'sal' }, {}, { output: { voice: 'sal' } }],
    ['no transcription', { audio: { input: { transcription: { model: 'whisper-1' } } } }, {}, { input: { transcription: null } }],
    ['a transcription that nobody asked for', {}, { audio: { input: { transcription: { model: 'grok-transcribe' } } } }, { input: { transcription: { model: 'grok-transcribe', language: null, prompt: null } } }],
    ['speed of xAI\'s', { audio: { output: { speed: 9 } } }, { audio: { output: { speed: 1.5 } } }, { output: { speed: 1.5 } }],
    ['speed that xAI does not repeat', { audio: { output: { speed: 9 } } }, {}, { output: { speed: 1.5 } }],
    ['formats that xAI does not repeat', { audio: { output: { format: { type: 'audio/pcma' } } } }, { audio: {} }, { output: { format: { type: 'audio/pcma' } } }]
  ]
  for (const [what, said, answer, expected] of rows) {
    const hop = startHop()
    hop.down(says.created())
    hop.up(update(said))
    const [event] = hop.down(says.updated(answer))
    t.match((event as { session?: { audio?: unknown } }).session?.audio, expected, what)
    t.strictSame(faultsOf(event!), [], what)
    t.match(event, { session: { id: 'sess_x', model: 'grok-voice-latest' } }, 'xAI does not repeat the id')
  }
})

t.test('a transcription that is turned off is forgotten', async t => {
  const hop = startHop()
  const on = says.updated({ input_audio_transcription: { model: 'grok-transcribe' } })
  hop.up(update({ audio: { input: { transcription: { model: 'whisper-1', language: 'de' } } } }))
  t.match(hop.down(on), [{ session: { audio: { input: { transcription: { model: 'whisper-1', language: 'de' } } } } }])
  hop.up(update({ audio: { input: { transcription: null } } }))
  t.match(hop.down(on), [{ session: { audio: { input: { transcription: { model: 'grok-transcribe', language: null } } } } }])
})

t.test('sessions that are none still make one', async t => {
  for (const session of [undefined, null, 5, [], { audio: 1, tools: 'x', voice: 7, tool_choice: null }]) {
    const hop = startHop()
    hop.down(says.created())
    const [event] = hop.down({ type: 'session.updated', event_id: 'e', session })
    t.strictSame(faultsOf(event!), [])
    t.match(event, { session: { id: 'sess_x', tools: [] } })
  }
})

t.test('the client hears of the conversation, which clients for xAI wait for, and of no pings', async t => {
  const hop = startHop()
  t.strictSame(hop.down({ type: 'ping', event_id: 'e', timestamp: 1785214080296, previous_item_id: null }), [])
  t.match(hop.down(says.begin('r0')), [{ response: { conversation_id: null } }])
  const created = { type: 'conversation.created', event_id: 'e', conversation: { id: 'conv_x', object: 'realtime.conversation' }, previous_item_id: null }
  t.strictSame(hop.down(created), [created])
  t.strictSame(faultsOf(created), [], 'it is an event of OpenAI\'s types')
  t.match(hop.down(says.begin('r1')), [{ response: { conversation_id: 'conv_x' } }])
  t.strictSame(hop.down({ ...created, conversation: null }), [{ ...created, conversation: null }])
})
