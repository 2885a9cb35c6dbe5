import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { Test } from 'tap'
import { WebSocket } from 'ws'
import { createSimulator } from '../lib/testing/index.ts'
import { installPackage } from '../test/fixtures/built-package.ts'
import { startProgram } from '../test/fixtures/program.ts'
import { checkUpstream, key, providerKey, providers, serve } from './fixtures/gateway.ts'
import { readmeCode, readmeKey, readmeUrl } from './fixtures/readme.ts'

// A loaded machine takes longer than a test runner's patience.
t.setTimeout(180_000)

const programs = join(import.meta.dirname, 'programs')
const answer = /You said: Say hello\./

async function runToEnd (t: Test, file: string, env: Readonly<Record<string, string>>): Promise<void> {
  const program = startProgram(t, process.execPath, [file], { env: { PATH: process.env.PATH, ...env }, timeout: 60_000 })
  t.equal(await program.exit, 0, 'it ends by itself')
  t.match(program.output(), answer)
}

/** Writes a program where it finds the repository's packages. */
function write (t: Test, name: string, code: string): string {
  const file = join(t.testdir(), name)
  writeFileSync(file, code)
  return file
}

for (const [provider, model] of providers) {
  t.test(`${provider}: the README's Node client holds a turn`, async t => {
    const { address, simulators } = await serve(t)
    const code = readmeCode('client.mjs', { [readmeUrl]: `ws://${address}/v1/realtime?model=${model}`, [readmeKey]: key })
    await runToEnd(t, write(t, 'client.mjs', code), {})
    checkUpstream(t, simulators[provider])
  })

  t.test(`${provider}: the README's browser client holds a turn with the WebSocket of ws, by its subprotocols alone`, async t => {
    const { address, simulators } = await serve(t)
    const page = readmeCode('client.html', { [readmeUrl]: `ws://${address}/v1/realtime?model=${model}`, [readmeKey]: key })
    const script = /<script type="module">(.*)<\/script>/s.exec(page)![1]!
    await runToEnd(t, write(t, 'page.mjs', `import { WebSocket } from 'ws'\n${script}`), {})
    checkUpstream(t, simulators[provider])
  })

  t.test(`${provider}: the openai SDK for Node holds a turn`, async t => {
    const { address, simulators, certificate } = await serve(t, { tls: true })
    await runToEnd(t, join(programs, 'openai-node.mjs'), {
      BASE_URL: `https://${address}/v1`, API_KEY: key, MODEL: model, NODE_EXTRA_CA_CERTS: certificate!
    })
    checkUpstream(t, simulators[provider])
  })

  t.test(`${provider}: the agents SDK holds a turn`, async t => {
    const { address, simulators } = await serve(t)
    await runToEnd(t, join(programs, 'agents.mjs'), { URL: `ws://${address}/v1/realtime?model=${model}`, API_KEY: key, MODEL: model })
    checkUpstream(t, simulators[provider])
  })
}

t.test('the README\'s server serves the README\'s client', async t => {
  const simulator = await createSimulator({ flavour: 'xai', apiKeys: [providerKey] })
  t.teardown(() => simulator.close())
  const folder = t.testdir()
  await installPackage(folder)
  const provider = 'apiKey: process.env.XAI_API_KEY'
  writeFileSync(join(folder, 'server.mjs'), readmeCode('server.mjs', { [provider]: `${provider}, baseUrl: '${simulator.url}'`, 'port: 3000': 'port: 0' }))
  const server = startProgram(t, process.execPath, [join(folder, 'server.mjs')], { env: { PATH: process.env.PATH, XAI_API_KEY: providerKey } })
  const [, address] = await server.printed(/Server listening at http:\/\/(127\.0\.0\.1:\d+)/)
  writeFileSync(join(folder, 'client.mjs'), readmeCode('client.mjs', { '127.0.0.1:3000': address! }))
  await runToEnd(t, join(folder, 'client.mjs'), {})
  t.notMatch(server.output(), readmeKey, 'no key is in its log')

  writeFileSync(join(folder, 'refused.mjs'), readmeCode('client.mjs', { '127.0.0.1:3000': address!, [readmeKey]: 'sk-wrong' }))
  const refused = startProgram(t, process.execPath, [join(folder, 'refused.mjs')], { env: { PATH: process.env.PATH } })
  t.equal(await refused.exit, 1)
  t.match(refused.output(), /^401 .*Incorrect API key provided\./, 'a refused client says why')

  const socket = new WebSocket(`ws://${address}/v1/realtime?model=voice`, { headers: { authorization: `Bearer ${readmeKey}` } })
  t.teardown(() => socket.terminate())
  await once(socket, 'message')
  server.child.kill('SIGTERM')
  t.equal((await once(socket, 'close'))[0], 1012, 'a client hears of the shutdown')
  t.equal(await server.exit, 0)
})

t.test('the README names the commands that the package has', async t => {
  const readme = readFileSync(join(import.meta.dirname, '..', 'README.md'), 'utf8')
  const { scripts } = JSON.parse(readFileSync(join(import.meta.dirname, '..', 'package.json'), 'utf8')) as { scripts: Record<string, string> }
  const named = [...readme.matchAll(/npm run ([\w:]+)/g)].map(([, name]) => name!)
  t.strictSame(named.filter(name => scripts[name] === undefined), [])
})
