import t from 'tap'
import { rawAdapter } from '../../lib/testing/index.ts'
import { connect } from '../fixtures/client.ts'
import { deploymentAt, startGateway } from '../fixtures/gateway.ts'
import { startUpstream } from '../fixtures/upstream.ts'
import type { DeploymentOptions, RealtimeGatewayOptions, TurnInfo } from '../../types/index.ts'

const usage = { total_tokens: 1_500, input_tokens: 1_000, output_tokens: 500, input_token_details: { audio_tokens: 1_000 }, output_token_details: { audio_tokens: 500 } }

for (const [what, deployment, model, said, nanos] of [
  ['OpenAI', { target: 'openai/gpt-realtime' }, 'gpt-realtime', { response: { id: 'r', status: 'completed', usage } }, 64_000_000],
  ['Azure, whose deployment says what it serves', { target: 'azure/my-own', deployment: 'x' }, 'gpt-realtime', { response: { id: 'r', status: 'completed', usage } }, 64_000_000],
  ['xAI', { target: 'xai/grok-voice-latest' }, 'grok-voice-3.0', { response: { id: 'r', status: 'completed', usage: {} }, usage: { billable_audio_seconds: 6 } }, 4_000_000 + 8_000_000]
] as const) {
  t.test(`a turn of ${what} tells what it cost, and so does the end of its session`, async t => {
    const upstream = await startUpstream(t, call => { call.accept().send({ type: 'session.created', session: { model } }) })
    const turns: TurnInfo[] = []
    const { deployment: _, ...at } = deployment as DeploymentOptions & { deployment?: string }
    const { port, session, log } = await startGateway(t, { deployments: [deploymentAt(upstream, at)], onTurn: turn => { turns.push(turn) } })
    const client = await connect(port)
    const provider = await upstream.peer(0)
    client.send({ type: 'conversation.item.create', item: { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Hello' }] } })
    await provider.json(0)
    provider.send({ type: 'response.created', response: { id: 'r' } })
    provider.send({ type: 'response.done', ...said })
    await client.json(2)
    client.close(1000)
    const summary = await session(0)
    t.match(turns, [{ servedModel: model, cost: { nanos, unpriced: 0 } }])
    t.strictSame(summary.cost, { nanos, unpriced: 0 })
    t.match(log(), new RegExp(`"cost":\\{"nanos":${nanos},"unpriced":0\\}.*realtime session closed`))
    t.doesNotThrow(() => JSON.stringify(turns))
  })
}

t.test('an adapter whose reading throws ends no session, and what it was to read has no price', async t => {
  const upstream = await startUpstream(t, call => { call.accept().send({ type: 'session.created', session: { model: 'm' } }) })
  const options: RealtimeGatewayOptions = {
    adapters: [{ ...rawAdapter, provider: 'hosts', usage () { throw new Error('broken') } }],
    deployments: [deploymentAt(upstream, { target: 'hosts/m' })]
  }
  const { port, session, log } = await startGateway(t, options)
  const client = await connect(port)
  const provider = await upstream.peer(0)
  provider.send({ type: 'response.done', response: { id: 'r', status: 'completed', usage } })
  t.equal((await client.json(1)).type, 'response.done')
  client.close(1000)
  t.strictSame((await session(0)).cost, { nanos: 0, unpriced: 1 })
  t.match(log(), /adapter\.usage failed/)
})
