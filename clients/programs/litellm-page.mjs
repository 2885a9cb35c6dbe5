// A Node client as LiteLLM's page on Grok voice has it: OpenAI's beta header, a response as the beta asks for it, and the names of the events that came after.
import { WebSocket } from 'ws'

const { URL: url, API_KEY } = process.env

const socket = new WebSocket(url, { headers: { Authorization: `Bearer ${API_KEY}`, 'OpenAI-Beta': 'realtime=v1' } })
const types = new Set()
let audio = 0
let words = ''

socket.on('open', () => {
  const content = [{ type: 'input_text', text: 'Say hello.' }]
  socket.send(JSON.stringify({ type: 'conversation.item.create', item: { type: 'message', role: 'user', content } }))
  socket.send(JSON.stringify({ type: 'response.create', response: { modalities: ['text'], instructions: 'Be brief.' } }))
})

socket.on('message', data => {
  const event = JSON.parse(String(data))
  types.add(event.type)
  switch (event.type) {
    case 'response.output_audio.delta': audio += Buffer.from(event.delta, 'base64').length; break
    case 'response.output_audio_transcript.delta': words += event.delta; break
    case 'error':
      console.log('error', event.error.message)
      process.exitCode = 1
      socket.close()
      break
    case 'response.done':
      console.log('audio', audio)
      console.log('said', words)
      console.log('heard', [...types].join(' '))
      socket.close()
  }
})
