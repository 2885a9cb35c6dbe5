// @fastify/http-proxy as its documentation has it, for WebSockets alone.
import fastify from 'fastify'
import httpProxy from '@fastify/http-proxy'
import { report } from './report.mjs'

const [upstreamUrl] = process.argv.slice(2)
const app = fastify({ logger: false })
app.register(httpProxy, { upstream: upstreamUrl.replace(/^ws/, 'http'), websocket: true })
await app.listen({ port: 0, host: '127.0.0.1', backlog: 4096 })
report(app.server.address().port)
