import t from 'tap'
import type { Test } from 'tap'
import { createSimulator } from '../../lib/testing/index.ts'
import type { Simulator, SimulatedScenario, SimulatorFlavour } from '../../lib/testing/index.ts'
import type { RealtimeEvent } from '../../types/index.ts'
import { connect, goodKey } from '../fixtures/client.ts'
import type { ClientRequest } from '../fixtures/client.ts'
import { startGateway } from '../fixtures/gateway.ts'
import type { TestGateway } from '../fixtures/gateway.ts'
import type { Peer } from '../fixtures/peer.ts'

// Providers as strict as the real ones, and clients as they are found in the wild.
const targets: Readonly<Record<SimulatorFlavour, string>> = { openai: 'openai/gpt-realtime', azure: 'azure/gpt-realtime', xai: 'xai/grok-voice-latest' }

interface Met { readonly provider: Simulator, readonly gateway: TestGateway, readonly client: Peer }

async function meet (t: Test, flavour: SimulatorFlavour, request: ClientRequest = {}, scenario?: SimulatedScenario): Promise<Met> {
  const provider = await createSimulator({ flavour, scenario })
  t.teardown(() => provider.close())
  const gateway = await startGateway(t, { deployments: [{ model: 'voice', target: targets[flavour], apiKey: 'sk-provider-0001', baseUrl: provider.url }] })
  return { provider, gateway, client: await connect(gateway.port, request) }
}

/** What the client hears, up to an event of a type. */
async function until (client: Peer, type: string, from = 0): Promise<RealtimeEvent[]> {
  const events: RealtimeEvent[] = []
  for (let n = from; events.at(-1)?.type !== type; n++) events.push(await client.json(n))
  return events
}

const types = (events: readonly RealtimeEvent[]): string[] => events.map(({ type }) => type)
const send = (client: Peer, event: RealtimeEvent): void => { client.send(JSON.stringify(event)) }

t.test('a client made for xAI that has a plain key and waits for conversation.created goes on', async t => {
  const { client, provider } = await meet(t, 'xai')
  t.strictSame(types(await until(client, 'conversation.created')), ['session.created', 'conversation.created'])
  send(client, { type: 'session.update', session: { instructions: 'Be brief.', voice: 'Ara', turn_detection: { type: 'server_vad' }, audio: { input: { format: { type: 'audio/pcm', rate: 24000 } } } } })
  t.strictSame(types(await until(client, 'session.updated', 2)), ['session.updated'])
  t.match((await (await provider.connection(0)).waitFor('session.update')).event, { session: { voice: 'ara', turn_detection: { type: 'server_vad' } } })
})

t.test('xAI never hears of a tool that somebody is to approve, or of a connector', async t => {
  const { client, provider, gateway } = await meet(t, 'xai')
  const mcp = { type: 'mcp', server_label: 'mail', server_url: 'https://mcp.example', require_approval: 'always' }
  send(client, { type: 'session.update', event_id: 'e1', session: { type: 'realtime', tools: [mcp] } })
  send(client, { type: 'response.create', event_id: 'e2', response: { tools: [{ ...mcp, require_approval: 'never', connector_id: 'connector_gmail' }] } })
  send(client, { type: 'session.update', event_id: 'e3', session: { type: 'realtime', tools: [{ ...mcp, require_approval: 'never' }] } })
  const events = await until(client, 'session.updated')
  t.match(events.filter(({ type }) => type === 'error'), [
    { error: { code: 'unsupported_feature', param: 'session.tools[0].require_approval', event_id: 'e1' } },
    { error: { code: 'unsupported_feature', param: 'response.tools[0].connector_id', event_id: 'e2' } }
  ])
  t.notMatch(JSON.stringify((await provider.connection(0)).received.map(({ data }) => data.toString())), /require_approval|connector/)
  t.notMatch(gateway.log(), /adjusted/)
})

t.test('limits are refused for every client in its own words, and what is taste is told in the log', async t => {
  const { client, gateway } = await meet(t, 'xai', { headers: { 'OpenAI-Beta': 'realtime=v1' } })
  send(client, { type: 'session.update', event_id: 'e1', session: { modalities: ['text', 'audio'], max_response_output_tokens: 100 } })
  send(client, { type: 'session.update', event_id: 'e2', session: { modalities: ['text', 'audio'], voice: 'onyx', max_response_output_tokens: 4096, temperature: 0.6 } })
  const events = await until(client, 'session.updated')
  t.match(events.find(({ type }) => type === 'error'), { error: { code: 'unsupported_feature', param: 'session.max_response_output_tokens', message: /session\.max_response_output_tokens/, event_id: 'e1' } })
  t.match(events.at(-1), { session: { voice: 'onyx' } })
  t.match(gateway.log(), /"field":"session\.max_output_tokens","msg":"realtime event adjusted to what the provider can do"/)
})

t.test('an xAI client that asks OpenAI for an older conversation is answered, and the session goes on', async t => {
  const { client } = await meet(t, 'openai', { key: null, protocols: [`xai-client-secret.${goodKey}`], query: 'conversation_id=conv_1' })
  t.match(await until(client, 'error'), [{ type: 'session.created' }, { type: 'conversation.created' }, { error: { code: 'unsupported_feature', param: 'conversation_id' } }])
  send(client, { type: 'session.update', session: { voice: 'Eve', turn_detection: null, reasoning: { effort: 'none' }, tools: [{ type: 'function', function: { name: 'f', parameters: {} } }] } })
  t.match((await until(client, 'session.updated', 3)).at(-1), { session: { voice: 'Eve' } })
})

t.test('what a strict OpenAI refuses is told in the words of a beta client', async t => {
  const { client } = await meet(t, 'openai', { headers: { 'OpenAI-Beta': 'realtime=v1' } })
  send(client, { type: 'session.update', event_id: 'e1', session: { modalities: ['text'], input_audio_format: { type: 'audio/pcm', rate: 8000 } } })
  t.match((await until(client, 'error')).at(-1), { error: { code: 'invalid_value', param: /^session\.input_audio_format$/, event_id: 'e1' } })
})

t.test('long arguments reach a client as whole JSON', async t => {
  const given = { text: 'x'.repeat(70_000) }
  const { client } = await meet(t, 'xai', {}, ({ toolOutput }) => toolOutput === undefined ? { calls: [{ name: 'f', arguments: given }] } : undefined)
  send(client, { type: 'session.update', session: { type: 'realtime', tools: [{ type: 'function', name: 'f', parameters: { type: 'object' } }] } })
  send(client, { type: 'conversation.item.create', item: { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Go' }] } })
  send(client, { type: 'response.create' })
  const told = (await until(client, 'response.done')).flatMap(event => [event, event['item'] ?? []].flat())
    .flatMap(value => (value as { arguments?: string }).arguments ?? []).filter(text => text !== '')
  t.ok(told.length >= 2)
  for (const text of told) t.strictSame(JSON.parse(text), given)
})
