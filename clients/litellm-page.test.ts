import Fastify from 'fastify'
import type { FastifyInstance } from 'fastify'
import { createHash } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import type { Test } from 'tap'
import realtimeGateway from '../lib/index.ts'
import { createSimulator } from '../lib/testing/index.ts'
import { startProgram } from '../test/fixtures/program.ts'
import { providerKey, providers } from './fixtures/gateway.ts'
import { pythonWith } from './fixtures/packages.ts'

// The clients that somebody has who has followed LiteLLM's page on Grok voice: OpenAI's beta header, GA's names of events.

t.setTimeout(420_000)

const python = await pythonWith(['websockets==15.0.1'])
const programs = join(import.meta.dirname, 'programs')

/** @returns the environment of a program: the address of a gateway with the page's key, before one provider */
async function settle (t: Test, provider: typeof providers[number][0], model: string): Promise<NodeJS.ProcessEnv> {
  const simulator = await createSimulator({ flavour: provider, apiKeys: [providerKey] })
  const app: FastifyInstance = Fastify()
  t.teardown(async () => {
    await app.close()
    await simulator.close()
  })
  const key = 'sk-1234'
  await app.register(realtimeGateway, {
    deployments: [{ model, target: `${provider}/${model}`, apiKey: providerKey, baseUrl: simulator.url }],
    // As a key of options it would be too short.
    keys: [{ name: 'page', hash: createHash('sha256').update(key).digest('hex') }]
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  return { PATH: process.env.PATH, API_KEY: key, URL: `ws://127.0.0.1:${(app.server.address() as AddressInfo).port}/v1/realtime?model=${model}` }
}

for (const [provider, model] of providers) {
  t.test(`${provider}: the page's Python client hears the voice and its words`, { skip: python.missing ?? false }, async t => {
    const env = await settle(t, provider, model)
    const program = startProgram(t, join(python.folder ?? '', 'bin', 'python'), [join(programs, 'litellm_page.py')], { env, timeout: 60_000 })
    t.equal(await program.exit, 0, program.output())
    t.match(program.output(), /^audio [1-9]\d+\nsaid You said: Say hello\.$/m)
  })
}

async function runNode (t: Test, provider: typeof providers[number][0]): Promise<{ readonly exit: number | NodeJS.Signals, readonly output: string }> {
  const [, model] = providers.find(([name]) => name === provider)!
  const program = startProgram(t, process.execPath, [join(programs, 'litellm-page.mjs')], { env: await settle(t, provider, model), timeout: 60_000 })
  return { exit: await program.exit, output: program.output() }
}

t.test('xai: the page\'s Node client, which asks for text, hears the voice and its words, and GA\'s events only', async t => {
  const { exit, output } = await runNode(t, 'xai')
  t.equal(exit, 0, output)
  t.match(output, /^audio [1-9]\d+\nsaid You said: Say hello\.\nheard .*response\.done$/m)
  t.notMatch(output, /response\.(audio|audio_transcript|text)\.|conversation\.item\.created/)
})

t.test('openai: the page\'s Node client, which asks for text by the beta\'s name, gets text and GA\'s events only', async t => {
  const { exit, output } = await runNode(t, 'openai')
  t.equal(exit, 0, output)
  t.match(output, /^audio 0\nsaid \nheard .*response\.output_text\.delta.*response\.done$/m)
  t.notMatch(output, /response\.(audio|audio_transcript|text)\.|conversation\.item\.created/)
})
