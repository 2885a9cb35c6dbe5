// The least that a relay in Node can do: bytes in, bytes out, no WebSocket, no back pressure.
import { connect, createServer } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { report } from './report.mjs'

const url = new URL(process.argv[2])
const where = { host: url.hostname, port: Number(url.port), noDelay: true }

const server = createServer({ noDelay: true }, (client) => {
  const upstream = url.protocol === 'wss:' ? connectTls(where) : connect(where)
  client.on('data', (chunk) => upstream.write(chunk))
  upstream.on('data', (chunk) => client.write(chunk))
  client.on('close', () => upstream.destroy())
  upstream.on('close', () => client.destroy())
  client.on('error', () => {})
  upstream.on('error', () => {})
})

server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => report(server.address().port))
