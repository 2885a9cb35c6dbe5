import t from 'tap'
import { startBetaServer } from './fixtures/beta-server.ts'
import { key, providerKey } from './fixtures/gateway.ts'
import { openaiClients } from './fixtures/openai-clients.ts'
import { scenarios } from './fixtures/scenarios.ts'
import { openStage } from './fixtures/stage.ts'

// Azure's preview endpoint, which still speaks as OpenAI did before. The frames are written by hand: no part of the gateway makes them.

t.setTimeout(120_000)

const server = await startBetaServer(t)
const stage = await openStage(t)
const gateway = await stage.open({
  deployments: [{ model: 'voice', target: 'azure/voice-deployment', apiKey: providerKey, baseUrl: server.url, realtimeProtocol: 'preview' }]
})

for (const { open, shape, faults } of openaiClients) {
  for (const [name, scenario] of scenarios) {
    t.test(`${shape.name} on a preview endpoint: ${name}`, async t => {
      const talk = open(t, gateway, 'voice')
      await scenario(t, { talk, shape, family: 'openai' })
      t.strictSame(faults(talk.events), [], 'every event is what OpenAI declares it to be')
      talk.close()
    })
  }
}

t.test('the server heard its own shape only, at its own address', async t => {
  t.strictSame(server.faults, [])
  t.equal(server.upgrades.length, openaiClients.length * scenarios.length)
  for (const { url, headers } of server.upgrades) {
    t.strictSame([...url.searchParams], [['api-version', '2025-04-01-preview'], ['deployment', 'voice-deployment']])
    t.equal(headers['api-key'], providerKey)
    t.notMatch(JSON.stringify(headers) + url.href, key)
  }
})
