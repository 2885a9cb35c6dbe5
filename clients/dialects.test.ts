import t from 'tap'
import type { RealtimeEvent } from '../types/index.ts'
import { key, providerKey } from './fixtures/gateway.ts'
import { keysByType, lacking } from './fixtures/keys.ts'
import { openaiClients } from './fixtures/openai-clients.ts'
import { scenarios } from './fixtures/scenarios.ts'
import { openStage, providerNames } from './fixtures/stage.ts'

t.setTimeout(120_000)

const seen = new Map<string, RealtimeEvent[]>()

const stage = await openStage(t)
for (const { open, shape, faults } of openaiClients) {
  for (const provider of providerNames) {
    for (const [name, scenario] of scenarios) {
      t.test(`${shape.name} on ${provider}: ${name}`, async t => {
        const talk = open(t, stage.gateway, provider)
        await scenario(t, { talk, shape, family: provider.startsWith('xai') ? 'xai' : 'openai' })
        t.strictSame(faults(talk.events), [], 'every event is what OpenAI declares it to be')
        const all = `${shape.name} ${provider}`
        seen.set(all, [...seen.get(all) ?? [], ...talk.events])
        talk.close()
      })
    }
  }
}

t.test('providers hear the gateway\'s credential, and nothing of who asks', async t => {
  for (const provider of providerNames) {
    for (const { status, headers, protocols } of stage.simulators[provider].connections) {
      t.match({ status, protocols }, { status: 101, protocols: [] })
      t.strictSame([headers['api-key'], headers.authorization], provider === 'azure' ? [providerKey, undefined] : [undefined, `Bearer ${providerKey}`])
      t.notOk('openai-beta' in headers)
      t.notMatch(JSON.stringify(headers), key)
    }
  }
})

t.test('xAI is not asked to end what does not run, for which it may hang up', async t => {
  const asked = stage.simulators.xai.connections.flatMap(({ received }) => received).filter(({ event }) => event?.type === 'response.cancel')
  t.strictSame([...new Set(asked.map(({ event }) => event!.event_id))], ['cancel-1'])
})

// What OpenAI tells and the others do not: padding, limits that nobody else has, and what xAI says nothing of.
const untold: Readonly<Record<'azure' | 'xai', RegExp>> = {
  azure: /^rate_limits\.updated$/,
  xai: /^rate_limits\.updated$|: obfuscation$|: session\.expires_at$|turn_detection\.(idle_timeout_ms|prefix_padding_ms|silence_duration_ms|threshold)$|transcription\.completed: usage\.(total_tokens|input_tokens|output_tokens|input_token_details)$/
}
// What the others tell and OpenAI does not: of these a client may be told or not.
const more: Readonly<Record<'azure' | 'xai', RegExp>> = {
  azure: /content_part\.(added|done): content$/,
  xai: /^conversation\.created$|: (previous_item_id|rid|start_time|ts|latency|audio_duration_ms|transcript|item\.(object|replayed)|response\.output\[\]\.(object|replayed)|usage\.seconds|response\.usage\.(output|billable)_audio_seconds|response\.usage\.(in|out)put_token_details\.grok_tokens)$/
}

for (const { shape } of openaiClients) {
  for (const provider of ['azure', 'xai', 'xai2'] as const) {
    const known = provider === 'xai2' ? 'xai' : provider
    t.test(`${shape.name} reads on ${provider} what it reads on openai, but for what is known`, async t => {
      const [here, there] = [provider, 'openai'].map(name => keysByType(seen.get(`${shape.name} ${name}`)!))
      t.strictSame(lacking(there!, here!).filter(key => !untold[known].test(key)), [], 'nothing is missing')
      t.strictSame(lacking(here!, there!).filter(key => !more[known].test(key)), [], 'nothing is there that is unheard of')
    })
  }
}
