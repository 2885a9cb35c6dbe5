// A client that asks for a response and reads it: node client.mjs <url> <key>.
import { WebSocket } from 'ws'

const [url, key] = process.argv.slice(2)
const socket = new WebSocket(url, { headers: { authorization: `Bearer ${key}` } })
socket.on('error', error => console.log(`error ${error.message}`))
socket.on('close', (code, reason) => console.log(`closed ${code} ${reason}`))
socket.on('message', data => {
  const { type, number } = JSON.parse(data)
  if (type === 'session.created') socket.send(JSON.stringify({ type: 'response.create' }))
  if (number === 10) console.log('hears')
})
