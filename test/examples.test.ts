import { copyFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import type { Test } from 'tap'
import { WebSocket, WebSocketServer } from 'ws'
import { createSimulator } from '../lib/testing/index.ts'
import type { RealtimeEvent } from '../types/index.ts'
import { installPackage } from './fixtures/built-package.ts'
import { startProgram } from './fixtures/program.ts'
import type { Program } from './fixtures/program.ts'

// A loaded machine takes longer than a test runner's patience.
t.setTimeout(120_000)

const root = join(import.meta.dirname, '..')
const key = 'sk-example-0123456789'
const providerKey = 'provider-0123456789'

interface Example extends Program {
  /** Where it listens, without a scheme. */
  readonly address: string
  /** Ends it by SIGTERM and gives its exit code. */
  terminate (): Promise<number | NodeJS.Signals>
}

/** Starts an example, and waits until it serves. */
async function start (t: Test, command: string, args: readonly string[], env: Readonly<Record<string, string>>): Promise<Example> {
  const program = startProgram(t, command, args, { cwd: root, env: { PATH: process.env.PATH, PORT: '0', ...env } })
  const [, address] = await program.printed(/Server listening at http:\/\/(127\.0\.0\.1:\d+)/)
  return {
    ...program,
    address: address!,
    terminate () {
      program.child.kill('SIGTERM')
      return program.exit
    }
  }
}

function runTsx (t: Test, name: string, env: Readonly<Record<string, string>>): Promise<Example> {
  return start(t, process.execPath, ['--import', 'tsx', `examples/${name}`], env)
}

/** Says something and returns the answer's `response.done`. */
async function holdTurn (t: Test, address: string, headers: Readonly<Record<string, string>>, query = 'model=voice'): Promise<RealtimeEvent> {
  const socket = new WebSocket(`ws://${address}/v1/realtime?${query}`, { headers })
  t.teardown(() => socket.terminate())
  await once(socket, 'open')
  socket.send(JSON.stringify({ type: 'conversation.item.create', item: { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'hello' }] } }))
  socket.send(JSON.stringify({ type: 'response.create' }))
  return new Promise((resolve, reject) => {
    socket.on('close', code => reject(new Error(`closed with ${code} before the turn was over`)))
    socket.on('message', data => {
      const event: RealtimeEvent = JSON.parse(String(data))
      if (event.type !== 'response.done') return
      resolve(event)
      socket.close()
    })
  })
}

/** The status of a refused upgrade, 101 for one that is not refused. */
async function statusOf (t: Test, address: string, headers: Readonly<Record<string, string>>): Promise<number> {
  const socket = new WebSocket(`ws://${address}/v1/realtime?model=voice`, { headers })
  t.teardown(() => socket.terminate())
  return new Promise((resolve, reject) => {
    socket.on('open', () => resolve(101))
    socket.on('unexpected-response', (_request, { statusCode }) => resolve(statusCode!))
    socket.on('error', reject)
  })
}

async function simulate (t: Test, flavour: 'openai' | 'xai') {
  const simulator = await createSimulator({ flavour, apiKeys: [providerKey] })
  t.teardown(() => simulator.close())
  return simulator
}

const bearer = { authorization: `Bearer ${key}` }

t.test('basic.ts serves a turn to whoever has the key, and ends by SIGTERM', async t => {
  const xai = await simulate(t, 'xai')
  const example = await runTsx(t, 'basic.ts', { XAI_API_KEY: providerKey, XAI_API_BASE: xai.url, GATEWAY_KEY: key })
  t.match(await holdTurn(t, example.address, bearer), { type: 'response.done', response: { status: 'completed' } })
  t.equal(await statusOf(t, example.address, { authorization: 'Bearer sk-another-key' }), 401)
  t.equal(await example.terminate(), 0)
  t.notMatch(example.output(), new RegExp(`${key}|${providerKey}`), 'no key is in its log')
})

t.test('existing-api.ts lets its own users in by their cookie, and keeps its own routes', async t => {
  const xai = await simulate(t, 'xai')
  const example = await runTsx(t, 'existing-api.ts', { XAI_API_KEY: providerKey, XAI_API_BASE: xai.url, SESSION_COOKIE: 'cookie-1' })
  const headers = { cookie: 'theme=dark; session=cookie-1' }
  t.match(await holdTurn(t, example.address, { ...headers, origin: 'https://app.example' }), { response: { status: 'completed' } })
  await example.printed(/"principal":"ada","seconds":\d+,"turns":1,"msg":"a talk is over"/)
  t.equal(await statusOf(t, example.address, { cookie: 'session=cookie-2' }), 401)

  const elsewhere = new WebSocket(`ws://${example.address}/v1/realtime?model=voice`, { headers: { ...headers, origin: 'https://evil.example' } })
  const [refusal] = await once(elsewhere, 'message')
  t.match(JSON.parse(String(refusal)), { type: 'error', error: { code: 'origin_not_allowed' } })

  const response = await fetch(`http://${example.address}/me`, { headers })
  t.strictSame(await response.json(), { name: 'ada', mayTalk: true })
  const echo = new WebSocket(`ws://${example.address}/echo`)
  await once(echo, 'open')
  echo.send('own route')
  const [answer] = await once(echo, 'message')
  t.equal(String(answer), 'own route')
  echo.close()
  t.equal(await example.terminate(), 0)
})

t.test('custom-router.ts tries the region of the key first, and the other one when it refuses', async t => {
  const [xai, openai] = await Promise.all([simulate(t, 'xai'), simulate(t, 'openai')])
  const keys = { EU_KEY: 'sk-europe-0123456789', US_KEY: 'sk-america-0123456789' }
  const example = await runTsx(t, 'custom-router.ts', {
    ...keys, XAI_API_KEY: providerKey, XAI_API_BASE: xai.url, OPENAI_API_KEY: providerKey, OPENAI_BASE_URL: openai.url
  })
  const dials = (): [number, number] => [openai.connections.length, xai.connections.length]
  await holdTurn(t, example.address, { authorization: `Bearer ${keys.EU_KEY}` })
  t.strictSame(dials(), [1, 0])
  await holdTurn(t, example.address, { authorization: `Bearer ${keys.US_KEY}` })
  t.strictSame(dials(), [1, 1])
  openai.inject({ type: 'refuse', status: 503 })
  await holdTurn(t, example.address, { authorization: `Bearer ${keys.EU_KEY}` })
  t.strictSame(dials(), [2, 2])
  await holdTurn(t, example.address, { authorization: `Bearer ${keys.EU_KEY}` })
  t.strictSame(dials(), [2, 3], 'the region that refused is in cooldown')
  t.equal(await example.terminate(), 0)
})

/** A provider that speaks as examples/custom-adapter.ts says acme does. */
async function startAcme (t: Test): Promise<{ url: string, upgrades: unknown[], heard: RealtimeEvent[], busy: boolean }> {
  const acme = { url: '', upgrades: [] as unknown[], heard: [] as RealtimeEvent[], busy: false }
  const server = createServer()
  const sockets = new WebSocketServer({ noServer: true })
  server.on('upgrade', (request, socket, head) => {
    acme.upgrades.push([request.url, request.headers['x-acme-key'], request.headers.authorization])
    if (acme.busy) return socket.end('HTTP/1.1 420 Enhance Your Calm\r\nContent-Length: 0\r\n\r\n')
    sockets.handleUpgrade(request, socket, head, socket => {
      const say = (event: object): void => socket.send(JSON.stringify(event))
      say({ type: 'hello', call: 'c1', model: 'parrot-2' })
      socket.on('message', data => {
        const event: RealtimeEvent = JSON.parse(String(data))
        acme.heard.push(event)
        if (event.type === 'configure') say({ type: 'configured', id: 'cfg' })
        if (event.type !== 'speak') return
        say({ type: 'heartbeat' })
        say({ type: 'turn', id: 't1' })
        say({ type: 'voice', delta: 'AAAA', response_id: 't1', item_id: 't1_said', output_index: 0, content_index: 0, event_id: 'v1' })
        for (const text of ['Hello', ' there.']) say({ type: 'caption', id: 't1', text })
        say({ type: 'over', id: 't1', seconds: 2 })
      })
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  acme.url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`
  return acme
}

t.test('custom-adapter.ts lets clients of OpenAI talk to a provider with a protocol of its own', async t => {
  const acme = await startAcme(t)
  const example = await runTsx(t, 'custom-adapter.ts', { ACME_API_KEY: providerKey, ACME_API_BASE: acme.url, GATEWAY_KEY: key })

  for (const [beta, names] of [
    [false, ['response.output_audio.delta', 'response.output_audio_transcript.delta', 'output_audio']],
    [true, ['response.audio.delta', 'response.audio_transcript.delta', 'audio']]
  ] as const) {
    const socket = new WebSocket(`ws://${example.address}/v1/realtime?model=voice&mood=calm`, { headers: { ...bearer, ...beta && { 'openai-beta': 'realtime=v1' } } })
    t.teardown(() => socket.terminate())
    const events: RealtimeEvent[] = []
    const seen = async (type: string): Promise<RealtimeEvent> => {
      for (;;) {
        const found = events.find(event => event.type === type)
        if (found !== undefined) return found
        await once(socket, 'message')
      }
    }
    socket.on('message', data => { events.push(JSON.parse(String(data))) })
    await once(socket, 'open')
    const send = (event: object): void => socket.send(JSON.stringify(event))
    send({ type: 'session.update', event_id: 'e1', session: beta ? { modalities: ['audio', 'text'], instructions: 'Be brief.', voice: 'polly' } : { type: 'realtime', instructions: 'Be brief.', audio: { output: { voice: 'polly' } } } })
    send({ type: 'input_audio_buffer.append', audio: 'UklG' })
    send({ type: 'conversation.item.create', item: { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'hello' }] } })
    send({ type: 'response.create' })
    t.match(await seen('response.done'), { response: { status: 'completed', output: [{ content: [{ type: names[2], transcript: 'Hello there.' }] }] } })
    t.match(await seen(names[0]), { delta: 'AAAA' })
    t.equal(events.filter(({ type }) => type === names[1]).map(({ delta }) => delta).join(''), 'Hello there.')
    t.strictSame(acme.heard.splice(0), [
      { type: 'configure', event_id: 'e1', persona: 'Be brief.', voice: 'polly' },
      { type: 'mic', audio: 'UklG' },
      { type: 'read', text: 'hello' },
      { type: 'speak' }
    ])
    send({ type: 'session.update', event_id: 'e2', session: { tools: [{ type: 'function', name: 'f' }] } })
    t.match(await seen('error'), { error: { code: 'unsupported_feature', param: 'session.tools', event_id: 'e2' } })
    socket.close()
  }
  t.strictSame(acme.upgrades, Array(2).fill(['/talk/parrot-2?mood=calm', providerKey, undefined]))
  acme.busy = true
  t.equal(await statusOf(t, example.address, bearer), 429)
  t.equal(await example.terminate(), 0)
})

t.test('commonjs.cjs loads the built package by require()', async t => {
  const xai = await simulate(t, 'xai')
  const folder = t.testdir()
  await installPackage(folder)
  copyFileSync(join(root, 'examples', 'commonjs.cjs'), join(folder, 'commonjs.cjs'))
  const example = await start(t, process.execPath, [join(folder, 'commonjs.cjs')], { XAI_API_KEY: providerKey, XAI_API_BASE: xai.url, GATEWAY_KEY: key })
  t.match(await holdTurn(t, example.address, bearer), { response: { status: 'completed' } })
  t.equal(await example.terminate(), 0)
})
