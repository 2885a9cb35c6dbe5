import t from 'tap'
import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import websocket from '@fastify/websocket'
import Fastify from 'fastify'
import defaultExport, * as frontDoor from '../lib/index.ts'
import type { RealtimeGatewayOptions } from '../types/index.ts'
import { installPackage } from './fixtures/built-package.ts'
import { connect, request } from './fixtures/client.ts'
import { deploymentAt, startGateway } from './fixtures/gateway.ts'
import { outsideTap } from './fixtures/program.ts'
import { startUpstream } from './fixtures/upstream.ts'

const { realtimeGateway } = frontDoor
const run = promisify(execFile)
const upstream = await startUpstream(t)
const options: RealtimeGatewayOptions = { deployments: [deploymentAt(upstream)] }

t.test('the plugin is the default export and a named one, with name and Fastify version', async t => {
  t.equal(defaultExport, realtimeGateway)
  const meta = (realtimeGateway as unknown as Record<symbol, unknown>)[Symbol.for('plugin-meta')]
  t.match(meta, { name: 'fastify-realtime-gateway', fastify: '5.x' })
  t.strictSame(Object.keys(frontDoor).sort(), ['ConfigError', 'GatewayError', 'KeyAdminError', 'OptionError', 'StoreError', 'azure', 'classifyAnswer', 'createMemoryKeyAdmin', 'createMemoryLimitStore', 'createRedisLimitStore', 'createRouter', 'createSqlKeyAdmin', 'createSqlLimitStore', 'default', 'defaults',
    'loadLiteLLMConfig', 'openPostgres', 'openSqlite', 'openai', 'realtimeGateway', 'realtimeModels', 'realtimeUrl', 'xai'])
})

t.test('a Fastify that it was not written for is refused at registration', async t => {
  const fastify = Fastify()
  Object.defineProperty(fastify, 'version', { value: '4.29.0' })
  await t.rejects(async () => { await fastify.register(realtimeGateway, options) }, { code: 'FST_ERR_PLUGIN_VERSION_MISMATCH' })
})

t.test('the decorator is visible on the host, and hasPlugin tells', async t => {
  const fastify = Fastify()
  await fastify.register(realtimeGateway, { ...options, masterKey: 'sk-master-key-000001' })
  t.ok(fastify.hasPlugin('fastify-realtime-gateway'))
  t.strictSame(Object.keys(fastify.realtime).sort(), ['drain', 'router', 'sessions', 'stores'])
  t.equal(fastify.realtime.sessions.size, 0)
  t.strictSame(fastify.realtime.sessions.list(), [])
  t.equal(fastify.realtime.sessions.close('nobody'), false)
  await fastify.close()
})

t.test('a second registration in one scope is an error of its own', async t => {
  const fastify = Fastify()
  await fastify.register(realtimeGateway, { ...options, masterKey: 'sk-master-key-000001' })
  await t.rejects(async () => { await fastify.register(realtimeGateway, { ...options, masterKey: 'sk-master-key-000001' }) }, { code: 'RTG_ERR_ALREADY_REGISTERED' })
  await fastify.close()
})

t.test('a bad option fails the registration with the option error', async t => {
  await t.rejects(async () => { await Fastify().register(realtimeGateway, { ...options, keys: [] }) },
    { code: 'RTG_ERR_OPTION', message: /option keys or keyStore/ })
})

t.test('logLevel and logSerializers of register count for the routes, as for any plugin', async t => {
  const lines: string[] = []
  const fastify = Fastify({ logger: { level: 'debug', stream: { write: line => { lines.push(line) } } } })
  t.teardown(() => fastify.close())
  await fastify.register(realtimeGateway, {
    ...options, masterKey: 'sk-master-key-000001', logLevel: 'info', logSerializers: { session: (id: string) => `serialized ${id}`, req: () => 'not this one' }
  })
  fastify.get('/other', () => 'x')
  await fastify.listen({ port: 0, host: '127.0.0.1' })
  const { port } = fastify.server.address() as AddressInfo
  const client = await connect(port, { key: 'sk-master-key-000001' })
  t.equal((await client.json(0)).type, 'session.created')
  await fastify.inject('/other')
  t.ok(lines.some(line => line.includes('realtime session open') && line.includes('"session":"serialized ')))
  t.notOk(lines.some(line => line.includes('realtime route')), 'what is below the level is not written')
  t.notOk(lines.some(line => line.includes('not this one')), 'the query stays out of the log')
})

t.test('the prefix counts, from the options and from the scope around', async t => {
  const plain = await startGateway(t, { ...options, prefix: '/ai' })
  t.equal((await request(plain.port, { path: '/v1/realtime' })).status, 404)
  const inPrefix = await connect(plain.port, { path: '/ai/v1/realtime' })
  inPrefix.close(1000)
  await inPrefix.closed

  const fastify = Fastify()
  await fastify.register(async scope => {
    await scope.register(realtimeGateway, { ...options, masterKey: 'sk-master-key-000001', prefix: '/inner' })
  }, { prefix: '/outer' })
  await fastify.ready()
  t.notOk(fastify.hasDecorator('realtime'), 'a nested scope keeps the decorator to itself')
  t.equal((await fastify.inject('/outer/inner/v1/realtime')).statusCode, 426)
})

t.test('path and aliases are served, nothing else is', async t => {
  const { port } = await startGateway(t, { ...options, path: '/voice', aliases: ['/v1/realtime', '/openai/v1/realtime'] })
  for (const path of ['/voice', '/v1/realtime', '/openai/v1/realtime']) {
    const peer = await connect(port, { path })
    peer.close(1000)
    await peer.closed
  }
  t.equal((await request(port, { path: '/realtime' })).status, 404)
})

t.test('two gateways live side by side, each in a scope of its own, where the host routes upgrades', async t => {
  const lines: string[] = []
  const fastify = Fastify({ logger: { level: 'warn', stream: { write: line => { lines.push(line) } } } })
  Object.assign(fastify.server, { headersTimeout: 10_000, requestTimeout: 10_000, timeout: 10_000 })
  await fastify.register(websocket)
  for (const name of ['a', 'b']) {
    await fastify.register(async scope => {
      await scope.register(realtimeGateway, { ...options, masterKey: `sk-master-key-0000-${name}`, prefix: `/${name}` })
    })
  }
  await fastify.listen({ port: 0, host: '127.0.0.1' })
  const { port } = fastify.server.address() as AddressInfo
  for (const name of ['a', 'b']) {
    const peer = await connect(port, { path: `/${name}/v1/realtime`, key: `sk-master-key-0000-${name}` })
    t.equal((await peer.json(0)).type, 'session.created')
    peer.close(1000)
    await peer.closed
  }
  t.equal((await request(port, { path: '/a/v1/realtime', key: 'sk-master-key-0000-b' })).status, 401)
  await fastify.close()
  t.strictSame(lines, [])
})

t.test('a model that its provider has given up is told at start', async t => {
  const { log } = await startGateway(t, { deployments: [deploymentAt(upstream, { target: 'openai/gpt-4o-realtime-preview' })] })
  t.match(log(), /"level":40.*gpt-4o-realtime-preview was shut down by its provider/)
})

t.test('injectWS opens a session without a network', async t => {
  const { fastify, idle } = await startGateway(t, options)
  let tell = (_text: string): void => {}
  const first = new Promise<string>(resolve => { tell = resolve })
  const ws = await fastify.injectWS('/v1/realtime?model=voice', { headers: { authorization: 'Bearer sk-test-key-0000000001' } }, {
    onInit: ws => ws.once('message', data => tell(String(data)))
  })
  t.equal((JSON.parse(await first) as { type: string }).type, 'session.created')
  ws.terminate()
  await idle()
  await t.rejects(fastify.injectWS('/v1/realtime?model=voice', {}), /401/)
})

t.test('the built package works from ESM and from require()', async t => {
  const folder = t.testdir()
  await installPackage(folder)
  const body = `
    const fastify = Fastify()
    fastify.register(gateway, { deployments: [{ model: 'm', target: 'xai/m' }], masterKey: 'sk-master-key-000001' })
    fastify.inject('/v1/realtime').then(async answer => {
      console.log(answer.statusCode, JSON.stringify(fastify.realtime.sessions.list()), typeof named)
      await fastify.close()
    })`
  await writeFile(join(folder, 'host.cjs'), `const Fastify = require('fastify')
    const gateway = require('fastify-realtime-gateway')
    const named = gateway.realtimeGateway${body}`)
  await writeFile(join(folder, 'host.mjs'), `import websocket from '@fastify/websocket'
import Fastify from 'fastify'
    import gateway, { realtimeGateway as named } from 'fastify-realtime-gateway'
    import { createSimulator } from 'fastify-realtime-gateway/testing'
    import 'fastify-realtime-gateway/env'
    if (typeof createSimulator !== 'function') throw new Error('no simulator')${body}`)
  for (const file of ['host.cjs', 'host.mjs']) {
    const { stdout, stderr } = await run(...outsideTap(process.execPath, ['--no-warnings', join(folder, file)]), { env: {} })
    t.equal(stdout.trim(), '426 [] function', file)
    t.equal(stderr, '')
  }
})
