// The openai SDK for Node, with nothing but base URL and key changed.
import OpenAI from 'openai'
import { OpenAIRealtimeWS } from 'openai/realtime/ws'

const { BASE_URL, API_KEY, MODEL } = process.env

const client = new OpenAI({ baseURL: BASE_URL, apiKey: API_KEY })
const realtime = new OpenAIRealtimeWS({ model: MODEL }, client)

realtime.on('error', error => { throw error })
realtime.on('session.created', () => {
  realtime.send({ type: 'conversation.item.create', item: { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Say hello.' }] } })
  realtime.send({ type: 'response.create' })
})
realtime.on('response.output_audio_transcript.done', event => console.log(event.transcript))
realtime.on('response.done', () => realtime.close())
