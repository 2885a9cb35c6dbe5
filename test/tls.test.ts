import t from 'tap'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createServer } from 'node:tls'
import { promisify } from 'node:util'
import { generate } from 'selfsigned'
import { WebSocket } from 'ws'
import { installPackage } from './fixtures/built-package.ts'
import { goodKey, request } from './fixtures/client.ts'
import { deploymentAt, startGateway } from './fixtures/gateway.ts'
import { encodeAs } from './fixtures/peer.ts'
import { outsideTap } from './fixtures/program.ts'
import { sessionCreated, startUpstream } from './fixtures/upstream.ts'
import { acceptFor } from './fixtures/wire/raw-http.ts'

const run = promisify(execFile)
const pems = await generate([{ name: 'commonName', value: 'localhost' }], {
  keyType: 'ec',
  algorithm: 'sha256',
  extensions: [{ name: 'basicConstraints', cA: true, critical: true }, { name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] }]
})

/** A provider that speaks TLS: answers 101 and the first event to whoever gets that far. */
const heard: string[] = []
const provider = createServer({ key: pems.private, cert: pems.cert }, socket => {
  socket.on('error', () => {})
  socket.once('data', chunk => {
    heard.push(chunk.toString('latin1'))
    const key = /sec-websocket-key: (\S+)/i.exec(chunk.toString('latin1'))![1]!
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${acceptFor(key)}\r\n\r\n`)
    socket.write(encodeAs('server', 1, Buffer.from(JSON.stringify(sessionCreated))))
  })
})
provider.on('tlsClientError', () => {})
provider.listen(0, '127.0.0.1')
await once(provider, 'listening')
const providerPort = (provider.address() as AddressInfo).port
t.teardown(() => provider.close())

t.test('a provider whose certificate nobody vouches for hears no key, and the client no address', async t => {
  const { port } = await startGateway(t, { deployments: [deploymentAt({ url: `https://127.0.0.1:${providerPort}/v1` })] })
  const refused = await request(port)
  t.equal(refused.status, 502)
  t.equal(refused.error?.code, 'upstream_unavailable')
  t.notMatch(refused.body, /127|cert|self/i)
  t.strictSame(heard, [])
})

t.test('a provider with a certificate that the machine trusts is spoken to over TLS', async t => {
  const folder = t.testdir({ 'ca.pem': pems.cert })
  await installPackage(folder)
  const program = join(folder, 'host.mjs')
  await writeFile(program, `
    import Fastify from 'fastify'
    import { WebSocket } from 'ws'
    import gateway from 'fastify-realtime-gateway'
    const fastify = Fastify()
    await fastify.register(gateway, { masterKey: '${goodKey}', closeTimeout: 50, deployments: [{ model: 'voice', target: 'xai/grok', dialect: 'native', apiKey: 'xai-1', baseUrl: 'https://127.0.0.1:${providerPort}' }] })
    await fastify.listen({ port: 0, host: '127.0.0.1' })
    const ws = new WebSocket('ws://127.0.0.1:' + fastify.server.address().port + '/v1/realtime?model=voice', { headers: { Authorization: 'Bearer ${goodKey}' } })
    ws.once('message', data => { console.log(data.toString()); ws.close(1000) })
    ws.once('close', () => fastify.close())
  `)
  const { stdout } = await run(...outsideTap(process.execPath, [program]), { env: { NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem') } })
  t.strictSame(JSON.parse(stdout), sessionCreated)
  t.match(heard[0], /^GET \/v1\/realtime\?model=grok HTTP\/1\.1\r\n[^]*Authorization: Bearer xai-1\r\n/)
})

t.test('a host that speaks TLS itself serves sessions like any other', async t => {
  const upstream = await startUpstream(t)
  const { port, session } = await startGateway(t, { deployments: [deploymentAt(upstream)] }, { fastify: { https: { key: pems.private, cert: pems.cert } } as object })
  const ws = new WebSocket(`wss://127.0.0.1:${port}/v1/realtime?model=voice`, { headers: { Authorization: `Bearer ${goodKey}` }, ca: pems.cert })
  const [first] = await once(ws, 'message') as [Buffer]
  t.strictSame(JSON.parse(first.toString()), sessionCreated)
  ws.send('x'.repeat(100_000))
  t.equal((await (await upstream.peer(0)).message(0)).payload.length, 100_000)
  ws.close(4000, 'bye')
  t.match(await session(0), { endedBy: 'client', closeCode: 4000 })
})
