// An API that has users, routes and a WebSocket route of its own, and gets a voice route beside them.
// Its users connect with the cookie that they have already; there are no virtual keys.
//
//   XAI_API_KEY=… SESSION_COOKIE=choose-one npx tsx examples/existing-api.ts
import websocket from '@fastify/websocket'
import closeWithGrace from 'close-with-grace'
import Fastify from 'fastify'
import type { FastifyRequest } from 'fastify'
import realtimeGateway from 'fastify-realtime-gateway'

const { XAI_API_KEY, XAI_API_BASE, SESSION_COOKIE = '', PORT = '3000' } = process.env

interface User { readonly name: string, readonly mayTalk: boolean }

// Stands for the session store that such an API has.
const users = new Map<string, User>([[SESSION_COOKIE, { name: 'ada', mayTalk: true }]])

function userOf (request: FastifyRequest): User | undefined {
  const session = /(?:^|; )session=([^;]+)/.exec(request.headers.cookie ?? '')?.[1]
  return session === undefined ? undefined : users.get(session)
}

const app = Fastify({ logger: true })

// Before the gateway, because this app has a WebSocket route of its own and wants its own settings for it.
await app.register(websocket, { options: { maxPayload: 64 * 1024 } })

app.get('/me', request => userOf(request) ?? { name: 'nobody' })
app.get('/echo', { websocket: true }, socket => {
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))
})

await app.register(realtimeGateway, {
  deployments: [{ model: 'voice', target: 'xai/grok-voice-latest', apiKey: XAI_API_KEY, baseUrl: XAI_API_BASE }],
  // Browsers send cookies along from every page in the world; only pages of this origin may use them.
  allowedOrigins: ['https://app.example'],
  authenticate (request) {
    const user = userOf(request)
    return user?.mayTalk ? { id: user.name, models: ['voice'] } : null
  },
  onSessionClose ({ principal, ageMs, turns }) {
    app.log.info({ principal, seconds: Math.round(ageMs / 1000), turns }, 'a talk is over')
  }
})

closeWithGrace({ delay: 30_000 }, async () => { await app.close() })

await app.listen({ port: Number(PORT) })
