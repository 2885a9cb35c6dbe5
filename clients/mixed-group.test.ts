import t from 'tap'
import { openaiClients } from './fixtures/openai-clients.ts'
import { scenarios } from './fixtures/scenarios.ts'
import { openStage } from './fixtures/stage.ts'
import type { Talk } from './fixtures/talk.ts'

t.setTimeout(120_000)

const stage = await openStage(t)
const mixed = ['xai', 'openai', 'azure'] as const
// Each session that is open sends the next one to another provider.
const gateway = await stage.open({
  deployments: mixed.map(provider => stage.deployment(provider, 'voice')),
  routing: { strategy: 'least-busy' }
})

for (const { open, shape } of openaiClients) {
  for (const [name, scenario] of scenarios) {
    t.test(`${shape.name}: ${name}, three times of one model at three providers`, async t => {
      const before = mixed.map(provider => stage.simulators[provider].connections.length)
      const talks: Talk[] = []
      while (talks.length < mixed.length) {
        const talk = open(t, gateway, 'voice')
        await talk.next('session.created')
        talks.push(talk)
      }
      t.strictSame(mixed.map((provider, i) => stage.simulators[provider].connections.length - before[i]!), [1, 1, 1], 'one session each')
      await Promise.all(talks.map(talk => scenario(t, { talk, shape, family: 'any' })))
      for (const talk of talks) talk.close()
      await Promise.all(talks.map(talk => talk.closed))
    })
  }
}
