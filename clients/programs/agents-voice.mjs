// OpenAI's agents SDK in a spoken conversation, with nothing but URL and key changed: a tool, and an answer that the user interrupts.
import { RealtimeAgent, RealtimeSession, tool } from '@openai/agents-realtime'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'

const { URL: url, API_KEY, MODEL, SPEECH, STORY } = process.env
const silence = Buffer.alloc(48_000)

const weather = tool({
  name: 'get_weather',
  description: 'Tells the weather in a city.',
  parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: false },
  strict: true,
  execute: async ({ city }) => `sunny in ${city}`
})
const agent = new RealtimeAgent({ name: 'Greeter', instructions: 'Be brief.', tools: [weather] })
const session = new RealtimeSession(agent, { transport: 'websocket', model: MODEL })

session.on('error', ({ error }) => { throw new Error(JSON.stringify(error)) })
session.on('agent_tool_end', (_context, _agent, { name }, result) => console.log('tool', name, result))
session.on('agent_end', (_context, _agent, text) => console.log('said', text))
session.transport.on('connection_change', state => console.log(state))

function speak (pcm) {
  for (let at = 0; at < pcm.length; at += 4800) {
    const { buffer, byteOffset, length } = pcm.subarray(at, at + 4800)
    session.sendAudio(buffer.slice(byteOffset, byteOffset + length))
  }
}

function ended (words) {
  return new Promise(resolve => session.on('agent_end', (_context, _agent, text) => { if (text.startsWith(words)) resolve() }))
}

await session.connect({ url, apiKey: API_KEY })
const answered = ended('The answer is')
speak(Buffer.concat([readFileSync(SPEECH), silence]))
await answered

session.sendMessage(STORY)
await once(session, 'audio_start')
const interrupted = once(session, 'audio_interrupted')
const thanked = ended('You said')
speak(readFileSync(SPEECH))
await interrupted
console.log('interrupted')
speak(silence)
await thanked

for (const item of session.history) {
  const { type, role, status, content = [], name, output } = item
  console.log('history', type, role ?? name, status, content.map(({ transcript, text }) => transcript ?? text).join(' ') || output)
}
session.close()
