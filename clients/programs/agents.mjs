// OpenAI's agents SDK, with nothing but URL and key changed.
import { RealtimeAgent, RealtimeSession } from '@openai/agents-realtime'

const { URL: url, API_KEY, MODEL } = process.env

const agent = new RealtimeAgent({ name: 'Greeter', instructions: 'Say hello.' })
const session = new RealtimeSession(agent, { transport: 'websocket', model: MODEL })

session.on('error', ({ error }) => { throw new Error(JSON.stringify(error)) })
session.on('agent_end', (_context, _agent, text) => {
  console.log(text)
  session.close()
})

await session.connect({ url, apiKey: API_KEY })
session.sendMessage('Say hello.')
