// A provider: node provider.mjs. It echoes what it hears, and answers `response.create` with numbered pieces of audio for ever.
import { WebSocketServer } from 'ws'

const server = new WebSocketServer({ port: 0, host: '0.0.0.0' })
const audio = 'A'.repeat(4_000)
server.on('connection', socket => {
  const say = event => { if (socket.readyState === socket.OPEN && socket.bufferedAmount < 4_000_000) socket.send(JSON.stringify(event)) }
  let speaking
  socket.on('error', () => {})
  socket.on('close', () => clearInterval(speaking))
  socket.on('message', (data, binary) => {
    const event = JSON.parse(data)
    if (event.type !== 'response.create') return socket.send(data, { binary })
    let number = 0
    say({ type: 'response.created', event_id: 'e', response: { id: 'r1', status: 'in_progress' } })
    speaking = setInterval(() => say({ type: 'response.output_audio.delta', event_id: `e${++number}`, response_id: 'r1', number, delta: audio }), 20)
  })
  say({ type: 'session.created', event_id: 'event_1', session: { id: 'sess_1', type: 'realtime', model: 'test' } })
})
server.on('listening', () => console.log(`port ${server.address().port}`))
