import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import type { Test } from 'tap'
import { startProgram } from '../test/fixtures/program.ts'
import type { Program } from '../test/fixtures/program.ts'
import { checkUpstream, key, providers, serve } from './fixtures/gateway.ts'
import { readmeCode, readmeKey, readmeUrl } from './fixtures/readme.ts'

// A loaded machine takes longer than a test runner's patience.
t.setTimeout(120_000)

const browser = ['chromium', 'chromium-browser', 'google-chrome'].find(name => {
  try {
    execFileSync(name, ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
})
const skip = browser === undefined ? 'there is no chromium' : false
if (skip) console.error(`The browser client is skipped: ${skip}.`)

/** Opens a page in a browser without a window and a fresh profile; what the page logs is printed. */
async function open (t: Test, page: string): Promise<Program> {
  const server = createServer((_request, response) => response.writeHead(200, { 'Content-Type': 'text/html' }).end(page))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const profile = mkdtempSync(join(tmpdir(), 'realtime-gateway-chromium-'))
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 })
  })
  return startProgram(t, browser!, [
    '--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run', '--enable-logging=stderr', `--user-data-dir=${profile}`,
    `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  ])
}

for (const [provider, model] of providers) {
  t.test(`${provider}: the README's page holds a turn in a browser`, { skip }, async t => {
    const { address, simulators } = await serve(t)
    const page = readmeCode('client.html', { [readmeUrl]: `ws://${address}/v1/realtime?model=${model}`, [readmeKey]: key })
    const { printed } = await open(t, page)
    t.ok(await printed(/CONSOLE.*You said: Say hello\./))
    checkUpstream(t, simulators[provider])
  })
}

t.test('a page that is refused hears why', { skip }, async t => {
  const { address } = await serve(t)
  const { printed } = await open(t, `<script>
    const socket = new WebSocket('ws://${address}/v1/realtime?model=grok-voice-latest', ['realtime', 'openai-insecure-api-key.sk-wrong'])
    socket.onmessage = ({ data }) => console.log('heard', JSON.parse(data).error.code)
    socket.onclose = ({ code, reason, wasClean }) => console.log('closed', code, reason, wasClean)
  </script>`)
  t.ok(await printed(/heard invalid_api_key/))
  t.ok(await printed(/closed 3000 invalid_api_key true/))
})
