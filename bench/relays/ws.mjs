// What one writes by hand with `ws`: message in, send out. `parse` adds what most gateways do to every event.
import { WebSocket, WebSocketServer } from 'ws'
import { report } from './report.mjs'

const [upstreamUrl, mode] = process.argv.slice(2)
const pass = mode === 'parse' ? (data) => JSON.stringify(JSON.parse(data)) : (data) => data

const server = new WebSocketServer({ port: 0, host: '127.0.0.1', backlog: 4096, perMessageDeflate: false })

server.on('connection', (client) => {
  const upstream = new WebSocket(upstreamUrl, { perMessageDeflate: false })
  const early = []
  client.on('message', (data, binary) => {
    if (upstream.readyState === WebSocket.OPEN) upstream.send(pass(data), { binary })
    else early.push([pass(data), binary])
  })
  upstream.on('open', () => {
    for (const [data, binary] of early) upstream.send(data, { binary })
  })
  upstream.on('message', (data, binary) => client.send(pass(data), { binary }))
  client.on('close', () => upstream.close())
  upstream.on('close', () => client.close())
  client.on('error', () => upstream.terminate())
  upstream.on('error', () => client.terminate())
})

server.on('listening', () => report(server.address().port))
