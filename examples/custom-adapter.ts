// A provider that the gateway does not know: "acme" has its own address, takes its key in its own header, names the model in the path,
// says 420 when it wants to be left alone for a while, and speaks its own events. Its adapter brings them into OpenAI's shape, so that
// every client of the gateway, beta and xAI ones too, can talk to it.
//
//   ACME_API_KEY=… ACME_API_BASE=wss://voice.acme.example GATEWAY_KEY=sk-choose-one npx tsx examples/custom-adapter.ts
import closeWithGrace from 'close-with-grace'
import Fastify from 'fastify'
import realtimeGateway, { classifyAnswer, GatewayError } from 'fastify-realtime-gateway'
import type { Dialect, RealtimeEvent, UpstreamAdapter } from 'fastify-realtime-gateway'

const { ACME_API_KEY, ACME_API_BASE, GATEWAY_KEY, PORT = '3000' } = process.env

type Fields = Readonly<Record<string, unknown>>
const fields = (value: unknown): Fields => typeof value === 'object' && value !== null ? value as Fields : {}
const list = (value: unknown): Fields[] => Array.isArray(value) ? value.map(fields) : []

interface Talk { words: string, voice: unknown }

const acmeDialect: Dialect<Talk> = {
  name: 'acme',
  start: () => ({ words: '', voice: undefined }),
  clientToUpstream: {
    // Both carry base64 in `audio`: only the name differs, and nothing else of it is read.
    'input_audio_buffer.append': 'mic',
    'response.cancel': 'hush',
    'session.update' ({ event_id: eventId, session }, talk) {
      const { instructions, tools, audio } = fields(session)
      if (list(tools).length > 0) throw new GatewayError('unsupported_feature', { param: 'session.tools', message: 'acme has no tools.' })
      talk.voice = fields(fields(audio)['output'])['voice']
      return { type: 'configure', event_id: eventId as string, persona: instructions, voice: talk.voice }
    },
    'conversation.item.create': ({ item }) => list(fields(item)['content']).map(({ text }) => ({ type: 'read', text })),
    'response.create': () => ({ type: 'speak' })
  },
  upstreamToClient: {
    voice: 'response.output_audio.delta',
    hello: event => ({ type: 'session.created', event_id: 'acme_hello', session: { type: 'realtime', object: 'realtime.session', id: event['call'], model: event['model'] } }),
    configured: ({ event_id: id }, { voice }) => ({ type: 'session.updated', event_id: `${id}_done`, session: { type: 'realtime', audio: { output: { voice } } } }),
    turn ({ id }, talk) {
      talk.words = ''
      return [
        { type: 'response.created', event_id: `${id}_created`, response: { object: 'realtime.response', id, status: 'in_progress', output: [] } },
        { type: 'response.output_item.added', event_id: `${id}_item`, response_id: id, output_index: 0, item: item(id, 'in_progress', []) }
      ]
    },
    caption ({ id, text }, talk) {
      talk.words += String(text)
      return { type: 'response.output_audio_transcript.delta', event_id: `${id}_${talk.words.length}`, response_id: id, item_id: `${id}_said`, output_index: 0, content_index: 0, delta: text }
    },
    over ({ id, seconds }, { words }) {
      const said = item(id, 'completed', [{ type: 'output_audio', transcript: words }])
      return [
        { type: 'response.output_item.done', event_id: `${id}_said_done`, response_id: id, output_index: 0, item: said },
        { type: 'response.done', event_id: `${id}_done`, response: { object: 'realtime.response', id, status: 'completed', output: [said], usage: { output_tokens: Number(seconds) * 20 } } }
      ]
    },
    heartbeat: () => undefined
  }
}

function item (id: unknown, status: string, content: readonly object[]): RealtimeEvent {
  return { id: `${id}_said`, type: 'message', role: 'assistant', status, content }
}

const acme: UpstreamAdapter = {
  provider: 'acme',
  dialect: () => acmeDialect,
  request ({ baseUrl = 'wss://voice.acme.example', apiKey = '' }, { model = '', query }) {
    const url = new URL(`/talk/${encodeURIComponent(model)}`, baseUrl)
    for (const [name, value] of query) url.searchParams.append(name, value)
    return { url: url.href, headers: { 'X-Acme-Key': apiKey } }
  },
  classify (answer) {
    if (answer.type === 'status' && answer.status === 420) return { kind: 'rate_limit', retryAfterMs: 60_000 }
    return classifyAnswer(answer)
  }
}

const app = Fastify({ logger: true })

await app.register(realtimeGateway, {
  adapters: [acme],
  deployments: [{ model: 'voice', target: 'acme/parrot-2', apiKey: ACME_API_KEY, baseUrl: ACME_API_BASE }],
  keys: [{ name: 'my-app', key: GATEWAY_KEY }]
})

closeWithGrace({ delay: 30_000 }, async () => { await app.close() })

await app.listen({ port: Number(PORT) })
