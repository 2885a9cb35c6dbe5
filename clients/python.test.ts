import { execFile, execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import type { Test } from 'tap'
import { startProgram } from '../test/fixtures/program.ts'
import { checkUpstream, key, providers, serve } from './fixtures/gateway.ts'
import { readmeCode, readmeKey, readmeUrl } from './fixtures/readme.ts'

const packages = ['websockets>=14', 'openai[realtime]>=2']
const folder = mkdtempSync(join(tmpdir(), 'realtime-gateway-python-'))
t.teardown(() => rmSync(folder, { recursive: true, force: true }))
const python = join(folder, 'bin', 'python')

/** Makes a Python environment with the packages. @returns why there is none, or `undefined` */
async function prepare (): Promise<string | undefined> {
  try {
    execFileSync('python3', ['-c', 'import ensurepip, sys; assert sys.version_info >= (3, 9)'], { stdio: 'ignore' })
  } catch {
    return 'there is no python3 of 3.9 or later with venv'
  }
  try {
    await promisify(execFile)('python3', ['-m', 'venv', folder])
    await promisify(execFile)(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-input', ...packages], { timeout: 180_000 })
  } catch (error) {
    return `pip could not install ${packages.join(' and ')}: ${String((error as { stderr?: string }).stderr ?? error).trim().split('\n').at(-1)}`
  }
}

async function runToEnd (t: Test, file: string, env: Readonly<Record<string, string>>): Promise<void> {
  const program = startProgram(t, python, [file], { env: { PATH: process.env.PATH, ...env }, timeout: 60_000 })
  t.equal(await program.exit, 0, 'it ends by itself')
  t.match(program.output(), /You said: Say hello\./)
}

// Installing takes its time.
t.setTimeout(300_000)
const missing = await prepare()
if (missing !== undefined) console.error(`The Python clients are skipped: ${missing}.`)

t.test('the README\'s Python client says why it is refused', { skip: missing ?? false }, async t => {
  const { address } = await serve(t)
  const file = join(folder, 'refused.py')
  writeFileSync(file, readmeCode('client.py', { [readmeUrl]: `ws://${address}/v1/realtime?model=voice`, [readmeKey]: 'sk-wrong' }))
  const program = startProgram(t, python, [file], { env: { PATH: process.env.PATH }, timeout: 60_000 })
  t.equal(await program.exit, 1)
  t.match(program.output(), /^401 .*Incorrect API key provided\./)
})

for (const [provider, model] of providers) {
  t.test(`${provider}: the README's Python client holds a turn`, { skip: missing ?? false }, async t => {
    const { address, simulators } = await serve(t)
    const file = join(folder, `${provider}.py`)
    writeFileSync(file, readmeCode('client.py', { [readmeUrl]: `ws://${address}/v1/realtime?model=${model}`, [readmeKey]: key }))
    await runToEnd(t, file, {})
    checkUpstream(t, simulators[provider])
  })

  t.test(`${provider}: the openai SDK for Python holds a turn`, { skip: missing ?? false }, async t => {
    const { address, simulators } = await serve(t)
    const file = join(import.meta.dirname, 'programs', 'openai_python.py')
    await runToEnd(t, file, { BASE_URL: `http://${address}/v1`, API_KEY: key, MODEL: model })
    checkUpstream(t, simulators[provider])
  })

  t.test(`${provider}: the openai SDK for Python holds a turn as it spoke in the beta`, { skip: missing ?? false }, async t => {
    const { address, simulators } = await serve(t)
    const file = join(import.meta.dirname, 'programs', 'openai_python_beta.py')
    await runToEnd(t, file, { BASE_URL: `ws://${address}/v1`, API_KEY: key, MODEL: model })
    checkUpstream(t, simulators[provider])
  })
}
