// Vercel's AI SDK in a spoken conversation, with nothing but base URL, key and model changed: a tool, and an answer that the user interrupts.
// Its realtime models are translators: they say where to connect, and what goes over the wire.
import { readFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { WebSocket } from 'ws'

const [, , provider, folder] = process.argv
const { BASE_URL: baseURL, API_KEY: apiKey, MODEL, SPEECH } = process.env
const { resolve } = createRequire(join(folder, 'package.json'))
const find = async name => await import(pathToFileURL(resolve(name)))
const speech = readFileSync(SPEECH)
const silence = Buffer.alloc(48_000)

const { createOpenAI } = await find('@ai-sdk/openai')
const { createXai } = await find('@ai-sdk/xai')
console.log('version', `@ai-sdk/${provider}`, JSON.parse(readFileSync(join(folder, 'node_modules', '@ai-sdk', provider, 'package.json'), 'utf8')).version)

const create = provider === 'xai' ? createXai : createOpenAI
const model = create({ baseURL, apiKey }).experimental_realtime(MODEL)
const url = `${baseURL.replace('http', 'ws')}/realtime?model=${MODEL}`
const config = model.getServerWebSocketConfig === undefined ? model.getWebSocketConfig({ token: apiKey, url }) : await model.getServerWebSocketConfig()
const socket = new WebSocket(config.url, config.protocols ?? [], { headers: config.headers ?? {} })

const said = []
const watchers = new Set()
let sound = false
let calls = []

async function send (event) {
  socket.send(JSON.stringify(await model.serializeClientEvent(event)))
}

function until (test) {
  return new Promise(resolve => {
    const watch = () => {
      if (!test()) return
      watchers.delete(watch)
      resolve()
    }
    watchers.add(watch)
    watch()
  })
}

async function speak (pcm) {
  for (let at = 0; at < pcm.length; at += 4800) {
    // Somewhat faster than anybody speaks.
    await wait(20)
    await send({ type: 'input-audio-append', audio: pcm.subarray(at, at + 4800).toString('base64') })
  }
}

async function hear (event) {
  switch (event.type) {
    case 'error': console.log('error', event.message); break
    case 'audio-delta': sound = true; break
    case 'speech-started': if (sound) console.log('interrupted'); break
    case 'audio-transcript-done':
      console.log('said', event.transcript)
      said.push(event.transcript)
      break
    case 'function-call-arguments-done': calls.push(event); break
    case 'response-done':
      sound = false
      for (const { callId, arguments: text } of calls) {
        const { city } = JSON.parse(text)
        console.log('tool', city)
        await send({ type: 'conversation-item-create', item: { type: 'function-call-output', callId, output: `sunny in ${city}` } })
      }
      if (calls.length > 0) await send({ type: 'response-create' })
      calls = []
  }
  for (const watch of watchers) watch()
}

socket.on('message', async data => {
  for (const event of [await model.parseServerEvent(JSON.parse(String(data)))].flat()) await hear(event)
})
await new Promise((resolve, reject) => socket.on('open', resolve).on('error', reject))
const parameters = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] }
await send({
  type: 'session-update',
  config: { turnDetection: { type: 'server-vad' }, tools: [{ type: 'function', name: 'get_weather', description: 'Tells the weather in a city.', parameters }] }
})
await speak(Buffer.concat([speech, silence]))
await until(() => said.some(text => text.startsWith('The answer is')))
await speak(Buffer.concat([speech, silence]))
await until(() => sound)
await speak(Buffer.concat([speech, silence]))
await until(() => said.some(text => text.startsWith('You said: Thank you')))
socket.close()
