import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { Test } from 'tap'
import { startProgram } from '../test/fixtures/program.ts'
import { checkUpstream, key, providers, serve } from './fixtures/gateway.ts'
import { pythonWith } from './fixtures/packages.ts'
import { readmeCode, readmeKey, readmeUrl } from './fixtures/readme.ts'

// Installing takes its time.
t.setTimeout(420_000)
const versions = ['websockets==15.0.1', 'openai[realtime]==3.57.0']
const packages = await pythonWith(versions)
const skip = packages.missing ?? false
const folder = packages.folder ?? ''
console.error(skip === false ? `Tried: ${versions.join(', ')}` : `The Python clients are skipped: ${skip}.`)

async function runToEnd (t: Test, file: string, env: Readonly<Record<string, string>>): Promise<void> {
  const program = startProgram(t, join(folder, 'bin', 'python'), [file], { env: { PATH: process.env.PATH, ...env }, timeout: 60_000 })
  t.equal(await program.exit, 0, 'it ends by itself')
  t.match(program.output(), /You said: Say hello\./)
}

t.test('the README\'s Python client says why it is refused', { skip }, async t => {
  const { address } = await serve(t)
  const file = join(t.testdir(), 'client.py')
  writeFileSync(file, readmeCode('client.py', { [readmeUrl]: `ws://${address}/v1/realtime?model=voice`, [readmeKey]: 'sk-wrong' }))
  const program = startProgram(t, join(folder, 'bin', 'python'), [file], { env: { PATH: process.env.PATH }, timeout: 60_000 })
  t.equal(await program.exit, 1)
  t.match(program.output(), /^401 .*Incorrect API key provided\./)
})

for (const [provider, model] of providers) {
  t.test(`${provider}: the README's Python client holds a turn`, { skip }, async t => {
    const { address, simulators } = await serve(t)
    const file = join(t.testdir(), 'client.py')
    writeFileSync(file, readmeCode('client.py', { [readmeUrl]: `ws://${address}/v1/realtime?model=${model}`, [readmeKey]: key }))
    await runToEnd(t, file, {})
    checkUpstream(t, simulators[provider])
  })

  t.test(`${provider}: the openai SDK for Python holds a turn`, { skip }, async t => {
    const { address, simulators } = await serve(t)
    const file = join(import.meta.dirname, 'programs', 'openai_python.py')
    await runToEnd(t, file, { BASE_URL: `http://${address}/v1`, API_KEY: key, MODEL: model })
    checkUpstream(t, simulators[provider])
  })

  t.test(`${provider}: the openai SDK for Python holds a turn as it spoke in the beta`, { skip }, async t => {
    const { address, simulators } = await serve(t)
    const file = join(import.meta.dirname, 'programs', 'openai_python_beta.py')
    await runToEnd(t, file, { BASE_URL: `ws://${address}/v1`, API_KEY: key, MODEL: model })
    checkUpstream(t, simulators[provider])
  })
}
