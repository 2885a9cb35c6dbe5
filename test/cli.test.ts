import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generate } from 'selfsigned'
import t from 'tap'
import type { Test } from 'tap'
import { WebSocket, WebSocketServer } from 'ws'
import { readArgs, simulated, usage, UsageError } from '../lib/cli/args.ts'
import { createHost } from '../lib/cli/host.ts'
import { readSettings } from '../lib/cli/settings.ts'
import { builtPackage } from './fixtures/built-package.ts'
import { startProgram } from './fixtures/program.ts'
import type { Program } from './fixtures/program.ts'

const canary = 'xai-canary-0123456789abcdef'
const clientKey = 'sk-client-0123456789abcdef'
const served = readSettings(undefined, { XAI_API_KEY: canary })
const root = join(import.meta.dirname, '..')
// Loaded from the source each run would take twice as long.
const bin = join(await builtPackage(), 'dist', 'lib', 'cli', 'main.js')

/** Runs the bin with these variables and no others of ours, in a folder of its own, where it may leave what it keeps. */
function run (t: Test, args: readonly string[], env: Readonly<Record<string, string>> = {}, cwd = newFolder(t)): Program {
  return startProgram(t, process.execPath, [bin, ...args], { cwd, env: { PATH: process.env.PATH, ...env } })
}

function newFolder (t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'rtg-cli-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** An upstream that greets and echoes, and remembers the credentials that it saw. */
async function upstream (t: Test): Promise<{ url: string, seen: (string | undefined)[] }> {
  const seen: (string | undefined)[] = []
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  server.on('connection', (socket, request) => {
    seen.push(request.headers.authorization)
    socket.send(JSON.stringify({ type: 'session.created', event_id: 'event_1', session: { id: 'sess_1', model: 'grok-voice-latest' } }))
    socket.on('message', data => socket.send(data, { binary: false }))
  })
  await once(server, 'listening')
  t.teardown(() => {
    for (const socket of server.clients) socket.terminate()
    server.close()
  })
  return { url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`, seen }
}

/** Opens a session and returns its socket and first event. */
async function connect (t: Test, url: string, key: string): Promise<{ socket: WebSocket, first: { type: string } }> {
  const socket = new WebSocket(url, { headers: { authorization: `Bearer ${key}` }, rejectUnauthorized: false })
  t.teardown(() => socket.terminate())
  const [data] = await once(socket, 'message')
  return { socket, first: JSON.parse(String(data)) }
}

t.test('the command line is read', async t => {
  t.strictSame(readArgs([]), { command: 'serve', simulate: false, host: '127.0.0.1', port: 4000 })
  t.strictSame(readArgs(['-c', 'a.yaml', '--host', '::1', '--port=0', '--tls-cert', 'c', '--tls-key', 'k']),
    { command: 'serve', simulate: false, config: 'a.yaml', host: '::1', port: 0, tls: { cert: 'c', key: 'k' } })
  t.equal(readArgs(['--help', '-v']).command, 'help')
  t.equal(readArgs(['-v']).command, 'version')
})

t.test('PORT and HOST count where the command line says nothing', async t => {
  t.match(readArgs([], { PORT: '8080', HOST: '0.0.0.0' }), { port: 8080, host: '0.0.0.0' })
  t.match(readArgs(['--port', '1', '--host', '::1'], { PORT: '8080', HOST: '0.0.0.0' }), { port: 1, host: '::1' })
  t.match(readArgs([], { PORT: '', HOST: '' }), { port: 4000, host: '127.0.0.1' }, 'an empty one is not set')
  t.match(readArgs(['--simulate'], {}), { simulate: true, port: 3000 })
  t.match(readArgs(['--simulate'], { PORT: '8080' }), { port: 8080 })
  for (const PORT of ['x', '65536', ' ']) t.throws(() => readArgs([], { PORT }), { message: 'PORT must be a whole number from 0 to 65535' })
})

t.test('a variable that is not read beside a config file is told', async t => {
  const file = join(t.testdir({ 'config.yaml': 'model_list: [{ model_name: v, litellm_params: { model: xai/m, api_key: k } }]' }), 'config.yaml')
  t.strictSame(readSettings(file, { REALTIME_GATEWAY_MAX_SESSIONS: '5', REALTIME_GATEWAY_MASTER_KEY: clientKey, REALTIME_GATEWAY_PATH: '' }).warnings.map(({ kind, message }) => [kind, message]),
    [['not_served', 'the variable REALTIME_GATEWAY_MAX_SESSIONS has no effect beside --config; write it in realtime_settings']])
  t.strictSame(readSettings(undefined, { XAI_API_KEY: canary, REALTIME_GATEWAY_MAX_SESSIONS: '5' }).warnings, [])
})

t.test('a wrong flag is told in one sentence', async t => {
  for (const [args, message] of [
    [['--prot', '1'], "Unknown option '--prot'"],
    [['file.yaml'], "Unexpected argument 'file.yaml'"],
    [['--config'], "Option '-c, --config <value>' argument missing"],
    [['--config', ''], '--config must name a file'],
    [['--host', ''], '--host must not be empty'],
    [['--help=1'], "Option '-h, --help' does not take an argument"],
    [['--simulate', '-c', 'a.yaml'], '--simulate and --config exclude each other'],
    [['--tls-key', 'a'], '--tls-cert and --tls-key go together'],
    ...['-1', '65536', 'x', '1.5', '', ' '].map(port => [[`--port=${port}`], '--port must be a whole number from 0 to 65535'] as const)
  ] as const) {
    try {
      readArgs(args)
      t.fail(`${args.join(' ')} is taken`)
    } catch (error) {
      t.ok(error instanceof UsageError)
      t.equal((error as Error).message, message)
    }
  }
})

t.test('what cannot be served is a ConfigError in one sentence', async t => {
  const dir = t.testdir({ 'empty.yaml': 'model_list: []\n', 'cert.pem': 'none' })
  const serve = readArgs([])
  for (const [work, expected] of [
    [() => readSettings(join(dir, 'empty.yaml'), {}), `${dir}/empty.yaml: model_list has no entry that a realtime gateway can serve`],
    [() => readSettings(join(dir, 'gone.yaml'), {}), `${dir}/gone.yaml: cannot be read (ENOENT)`],
    [() => readSettings(undefined, {}), /^nothing to serve\. Give a config file:\n.*--config.*\nor a provider's key:\n.*XAI_API_KEY.*\n.*OPENAI_API_KEY.*$/],
    [() => readSettings(undefined, { XAI_API_KEY: canary, REALTIME_GATEWAY_MASTER_KEY: 'sk-' }), 'the variable REALTIME_GATEWAY_MASTER_KEY must be a text of at least 4 characters'],
    [() => createHost({ ...serve, tls: { cert: 'gone.pem', key: 'gone.pem' } }, served, 'silent'), '--tls-cert gone.pem cannot be read (ENOENT)'],
    [() => createHost({ ...serve, tls: { cert: join(dir, 'cert.pem'), key: join(dir, 'cert.pem') } }, served, 'silent'), /^--tls-cert .* and --tls-key .* cannot be used: \w+$/]
  ] as const) {
    const error = await Promise.resolve().then((): unknown => work()).then(() => undefined, (error: Error) => error)
    t.equal((error as { code?: string } | undefined)?.code, 'RTG_ERR_CONFIG')
    t.match(error?.message.replace('realtime gateway: ', ''), expected)
  }
})

t.test('the master key of the environment counts where the file has none, with its keys', async t => {
  const file = (text: string): string => join(t.testdir({ 'config.yaml': `model_list: [{ model_name: v, litellm_params: { model: xai/m, api_key: k } }]\n${text}` }), 'config.yaml')
  for (const [text, env, masterKey] of [
    ['general_settings: { master_key: of-the-file-itself }', { REALTIME_GATEWAY_MASTER_KEY: clientKey }, 'of-the-file-itself'],
    ['', { REALTIME_GATEWAY_MASTER_KEY: clientKey }, clientKey],
    ['', { LITELLM_MASTER_KEY: clientKey }, clientKey],
    ['realtime_settings: { keys: [{ key: some-virtual-key }] }', {}, undefined]
  ] as const) {
    const { options, madeKey } = readSettings(file(text), env)
    t.equal(options.masterKey, masterKey)
    t.equal(madeKey, undefined, 'no key is made')
  }
  const { options, madeKey } = readSettings(file('realtime_settings: { keys: [] }'), {})
  t.match(madeKey, /^sk-/)
  t.equal(options.masterKey, madeKey)
  t.not(readSettings(file(''), {}).madeKey, madeKey, 'each run has its own')
})

t.test('the three paths of LiteLLM are served, each once', async t => {
  for (const [path, aliases, expected] of [
    [undefined, undefined, ['/v1/realtime', '/realtime', '/openai/v1/realtime']],
    ['/realtime', '/openai/v1/realtime,/mine', ['/realtime', '/openai/v1/realtime', '/mine']]
  ] as const) {
    const { options } = readSettings(undefined, { XAI_API_KEY: canary, REALTIME_GATEWAY_PATH: path, REALTIME_GATEWAY_ALIASES: aliases })
    t.strictSame([options.path, ...options.aliases ?? []], expected)
  }
})

t.test('it ends with 2 for usage and 1 for configuration, without a stack', async t => {
  const occupied = createServer().listen(0, '127.0.0.1')
  await once(occupied, 'listening')
  t.teardown(() => occupied.close())
  const port = String((occupied.address() as AddressInfo).port)
  const bad = join(t.testdir({ 'bad.yaml': `model_list:\n  - model_name: v\n    litellm_params: { model: bedrock/m, api_key: ${canary} }\n` }), 'bad.yaml')
  const env = { XAI_API_KEY: canary, LOG_LEVEL: 'silent' }
  await Promise.all(([
    [['--prot'], {}, 2, "realtime-gateway: Unknown option '--prot'\nSee realtime-gateway --help\n"],
    [[], { ...env, LOG_LEVEL: 'loud' }, 2, 'realtime-gateway: LOG_LEVEL must be one of trace, debug, info, warn, error, fatal, silent\nSee realtime-gateway --help\n'],
    [['-c', bad], {}, 1, `realtime-gateway: ${bad}:3: model_list[0].litellm_params.model names the provider bedrock, which is not served here (openai, xai, azure)\n`],
    [[], { ...env, REALTIME_GATEWAY_REFUSAL: 'loud' }, 1, "realtime-gateway: the variable REALTIME_GATEWAY_REFUSAL must be 'auto', 'http' or 'event'\n"],
    [['--port', port], env, 1, `realtime-gateway: listen EADDRINUSE: address already in use 127.0.0.1:${port}\n`]
  ] as const).map(async ([args, env, code, expected]) => {
    const { exit, output } = run(t, args, env)
    t.equal(await exit, code, `${args.join(' ')} exits with ${code}`)
    t.equal(output(), expected)
  }))
})

t.test('--help names every flag, --version the version', async t => {
  for (const flag of ['--config', '--simulate', '--host', '--port', '--data', '--synchronous', 'import-litellm', '--from', '--apply', '--drop-unsupported', 'DATABASE_URL', 'REDIS_URL', '--tls-cert', '--tls-key', '--help', '--version', 'LOG_LEVEL']) t.match(usage, flag)
  const [help, version] = [run(t, ['--help']), run(t, ['--version'])]
  t.equal(await help.exit, 0)
  t.equal(help.output(), `${usage}\n`)
  t.equal(await version.exit, 0)
  t.equal(version.output(), `${JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version}\n`)
})

t.test('a config file is served: three paths, health, warnings once, a polite end', async t => {
  const { url, seen } = await upstream(t)
  const dir = t.testdir({
    'config.yaml': `
model_list:
  - model_name: voice
    litellm_params: { model: xai/grok-voice-fast-1.0, api_key: os.environ/SECRET, api_base: os.environ/BASE, timeout: 5 }
  - model_name: chat
    litellm_params: { model: azure/chat }
    model_info: { mode: chat }
general_settings: { master_key: os.environ/MASTER }
`
  })
  const gateway = run(t, ['-c', join(dir, 'config.yaml'), '--port', '0'], { SECRET: canary, BASE: url, MASTER: clientKey })
  const [, base = ''] = await gateway.printed(/^realtime-gateway: listening on (ws:\/\/127\.0\.0\.1:\d+)\/v1\/realtime$/m)
  const http = base.replace('ws:', 'http:')

  const healthy = { status: 'healthy', db: 'connected', limits: 'connected' }
  for (const [path, answer] of [['', { status: 'ok' }], ['/liveness', "I'm alive!"], ['/liveliness', "I'm alive!"], ['/readiness', healthy]] as const) {
    t.strictSame(await (await fetch(`${http}/health${path}`)).json(), answer, `/health${path}`)
  }
  t.match(await (await fetch(`${http}/v1/realtime`)).json(), { error: { code: 'upgrade_required', message: /a proxy in front of the server has dropped its Upgrade header/ } })
  for (const path of ['/v1/realtime', '/realtime', '/openai/v1/realtime']) {
    const { socket, first } = await connect(t, `${base}${path}?model=voice`, clientKey)
    t.equal(first.type, 'session.created', path)
    t.strictSame(await (await fetch(`${http}/health/readiness`)).json(), healthy)
    socket.close()
    await once(socket, 'close')
  }
  t.strictSame(seen, Array(3).fill(`Bearer ${canary}`))
  for (const path of ['v1/realtime', 'nowhere']) t.equal((await fetch(`${http}/${path}?model=voice&api_key=${clientKey}`)).ok, false, path)

  t.match(await (await fetch(`${http}/nowhere`)).json(), { error: { type: 'invalid_request_error', code: 'unknown_url' } })

  const { socket } = await connect(t, `${base}/v1/realtime?model=voice`, clientKey)
  gateway.child.kill('SIGTERM')
  const [code] = await once(socket, 'close')
  t.equal(code, 1012)
  t.equal(await gateway.exit, 0)

  const lines = gateway.output().split('\n')
  for (const words of ['litellm_params.timeout has no effect here', 'is skipped: mode chat', 'grok-voice-fast-1.0 is deprecated', 'listening on ws']) {
    t.equal(lines.filter(line => line.includes(words)).length, 1, `"${words}" once`)
  }
  t.match(lines.find(line => line.includes('mode chat')), '"level":30', 'a skipped entry is no warning')
  t.match(lines.find(line => line.includes('timeout has no effect')), '"level":40')
  t.notMatch(gateway.output(), canary)
  t.notMatch(gateway.output(), clientKey)
  t.notMatch(gateway.output(), 'no key is configured')
})

t.test('without a file the environment is served, under a key made for the run and printed', async t => {
  const { url } = await upstream(t)
  const gateway = run(t, ['--port', '0', '--host', 'localhost'], { XAI_API_KEY: canary, XAI_API_BASE: url, LOG_LEVEL: 'silent' })
  const [, address] = await gateway.printed(/listening on (\S+)\n/)
  const key = /the key for this run is (\S+)/.exec(gateway.output())?.[1] ?? ''
  t.match(key, /^sk-[\w-]{32}$/)
  const { socket, first } = await connect(t, `${address}?model=grok-voice-latest`, key)
  t.equal(first.type, 'session.created')
  const refused = new WebSocket(`${address}?model=grok-voice-latest`, { headers: { authorization: `Bearer ${key}x` } })
  refused.on('error', () => {})
  const [, response] = await once(refused, 'unexpected-response')
  t.equal(response.statusCode, 401, 'it is never open')
  refused.terminate()

  gateway.child.kill('SIGINT')
  const [code] = await once(socket, 'close')
  t.equal(code, 1012)
  t.equal(await gateway.exit, 0)
  t.equal(gateway.output().split('\n').length, 3, 'silent but for its two lines')
})

t.test('--simulate serves a spoken turn without any provider, to the key and model of the README', async t => {
  const gateway = run(t, ['--simulate', '--port', '0'], { LOG_LEVEL: 'silent' })
  const address = (await gateway.printed(/listening on (\S+)\n/))?.[1] ?? ''
  const { model, key } = simulated
  t.match(gateway.output(), `connect to ${address}?model=${model} with the key ${key}`)
  const { socket, first } = await connect(t, `${address}?model=${model}`, key)
  t.equal(first.type, 'session.created')
  socket.send(JSON.stringify({ type: 'conversation.item.create', item: { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Say hello.' }] } }))
  socket.send(JSON.stringify({ type: 'response.create' }))
  const heard: string[] = []
  await new Promise<void>(resolve => socket.on('message', data => {
    heard.push(JSON.parse(String(data)).type)
    if (heard.at(-1) === 'response.done') resolve()
  }))
  t.ok(heard.includes('response.output_audio_transcript.done'))
  gateway.child.kill('SIGTERM')
  t.equal((await once(socket, 'close'))[0], 1012)
  t.equal(await gateway.exit, 0)
})

t.test('with a certificate it speaks TLS; a configured key is not printed', async t => {
  const { url } = await upstream(t)
  const pems = await generate([{ name: 'commonName', value: 'localhost' }], { algorithm: 'sha256', keySize: 2048 })
  const dir = t.testdir({ 'cert.pem': pems.cert, 'key.pem': pems.private })
  const env = { XAI_API_KEY: canary, XAI_API_BASE: url, LITELLM_MASTER_KEY: clientKey, REALTIME_GATEWAY_PREFIX: '/voice' }
  const gateway = run(t, ['--port', '0', '--tls-cert', join(dir, 'cert.pem'), '--tls-key', join(dir, 'key.pem')], env)
  const [, address] = await gateway.printed(/listening on (wss:\S+\/voice\/v1\/realtime)\n/)
  const { socket, first } = await connect(t, `${address}?model=grok-voice-latest`, clientKey)
  t.equal(first.type, 'session.created')
  socket.close()
  await once(socket, 'close')
  t.notMatch(gateway.output(), clientKey)
})

t.test('keys that are made by the API are kept in ./data, and govern sessions, also after a restart', async t => {
  const { url } = await upstream(t)
  const folder = newFolder(t)
  const env = { XAI_API_KEY: canary, XAI_API_BASE: url, LITELLM_MASTER_KEY: clientKey, LOG_LEVEL: 'info' }
  const start = async (): Promise<{ gateway: Program, http: string, ask: (path: string, body: object) => Promise<Record<string, unknown>> }> => {
    const gateway = run(t, ['--port', '0'], env, folder)
    const [, base = ''] = await gateway.printed(/listening on ws:\/\/(127\.0\.0\.1:\d+)\//)
    const http = `http://${base}`
    return {
      gateway,
      http,
      ask: async (path, body) => await (await fetch(`${http}${path}`, { method: 'POST', headers: { authorization: `Bearer ${clientKey}`, 'content-type': 'application/json' }, body: JSON.stringify(body) })).json() as Record<string, unknown>
    }
  }
  const first = await start()
  const { key } = await first.ask('/key/generate', { key_alias: 'kept', models: ['grok-*'] }) as { key: string }
  t.match(key, /^sk-/)
  t.ok(existsSync(join(folder, 'data', 'gateway.db')))
  first.gateway.child.kill('SIGTERM')
  t.equal(await first.gateway.exit, 0)

  const second = await start()
  const { socket } = await connect(t, `${second.http.replace('http', 'ws')}/v1/realtime?model=grok-voice-latest`, key)
  const closed = once(socket, 'close')
  await second.ask('/key/block', { key })
  t.equal((await closed)[0], 3000)
  second.gateway.child.kill('SIGTERM')
  t.equal(await second.gateway.exit, 0)
  for (const { gateway } of [first, second]) t.notOk(gateway.output().includes(key), 'no key is in the log')
})

t.test('a folder, a database and a Redis that cannot be used end the start in one line, without what is secret', async t => {
  const folder = newFolder(t)
  writeFileSync(join(folder, 'file'), '')
  const env = { XAI_API_KEY: canary, LOG_LEVEL: 'silent' }
  await Promise.all(([
    [['--data', join(folder, 'file', 'x')], {}, 1, /^realtime-gateway: (ENOTDIR|EEXIST).*\n$/],
    [['--synchronous', 'off'], {}, 2, /^realtime-gateway: --synchronous must be normal or full\n/],
    [['--port', '0'], { DATABASE_URL: 'postgres://me:secret-pass@127.0.0.1:1/x' }, 1, /^realtime-gateway: PostgreSQL cannot be used: .*ECONNREFUSED.*\n$/],
    [['--port', '0'], { REDIS_URL: 'http://me:secret-pass@127.0.0.1:1' }, 1, /^realtime-gateway: the address of Redis must begin with redis:\/\/ or rediss:\/\/\n$/]
  ] as const).map(async ([args, more, code, expected]) => {
    const { exit, output } = run(t, args, { ...env, ...more })
    t.equal(await exit, code, args.join(' '))
    t.match(output(), expected)
    t.notMatch(output(), /secret-pass/)
  }))
})

t.test('a file says where its keys and counts are kept, and the environment where it does not', async t => {
  const dir = t.testdir({
    'config.yaml': `
model_list:
  - model_name: voice
    litellm_params: { model: xai/grok-voice-latest, api_key: x }
general_settings: { database_url: os.environ/DB }
router_settings: { redis_host: cache, redis_port: 6380, redis_password: 'p@ss' }
`
  })
  const file = join(dir, 'config.yaml')
  t.strictSame(readSettings(file, { DB: 'postgres://db/x' }).stores, { databaseUrl: 'postgres://db/x', redisUrl: 'redis://:p%40ss@cache:6380' })
  t.strictSame(readSettings(file, { DATABASE_URL: 'postgres://other/x' }).stores.databaseUrl, 'postgres://other/x', 'a variable that is not set is no fault')
  t.strictSame(readSettings(undefined, { XAI_API_KEY: 'x', REDIS_URL: 'redis://r' }).stores, { databaseUrl: undefined, redisUrl: 'redis://r' })
  t.strictSame(readSettings(file, {}).warnings, [])
})
