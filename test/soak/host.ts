import Fastify from 'fastify'
import type { FastifyInstance } from 'fastify'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import realtimeGateway from '../../lib/index.ts'
import type { Principal, SessionSummary } from '../../types/index.ts'
import { clientKey } from './request.ts'

/** Limits short enough that every clock strikes often. */
export const limits = {
  connectTimeout: 3_000,
  upgradeTimeout: 4_500,
  maxMessageBytes: 4 * 1024 * 1024,
  maxFragments: 64,
  maxBufferedBytes: 50 * 1024 * 1024,
  messageRate: 200,
  messageBurst: 400,
  highWaterMark: 256 * 1024,
  lowWaterMark: 64 * 1024,
  stallTimeout: 2_000,
  pingInterval: 1_000,
  pongTimeout: 1_500,
  idleTimeout: 4_000,
  maxSessionDuration: 8_000,
  closeTimeout: 1_000,
  lingerTimeout: 1_000,
  drainTimeout: 2_000
} as const

// Far below what systems give to programs, so nobody comes to listen there during a run.
const deadPort = 1

/** Sessions that the deployment of the model `limited` takes at a time. */
export const limitedSessions = 3

/** Sockets that wait for sessions of the model `warm`. */
export const warmSockets = 12

/** What a host tells of each of its sessions: `id` is the attempt's. */
export type SessionNews =
  | { readonly type: 'opened', readonly id: number }
  | { readonly type: 'closed', readonly id: number, readonly endedBy: SessionSummary['endedBy'], readonly closeCode: number, readonly error?: string }

export interface HostOptions {
  /** Port of the upstream, or of a proxy before it. */
  readonly upstreamPort: number
  readonly maxSessions: number
  readonly tell: (news: SessionNews) => void
}

/** The program under test: a Fastify app with the gateway and hooks that are slow, throw or never end when a client's query says so. */
export async function startHost ({ upstreamPort, maxSessions, tell }: HostOptions): Promise<FastifyInstance & { readonly port: number }> {
  const kicks = new Map<string, number>()
  const fastify: FastifyInstance = Fastify({
    logger: false,
    connectionTimeout: 6_000,
    keepAliveTimeout: 1_000,
    requestTimeout: 4_000,
    http: { headersTimeout: 4_000, connectionsCheckingInterval: 300 }
  })
  const at = (port: number) => ({ target: 'openai/gpt-soak', apiKey: 'sk-soak-provider-000001', baseUrl: `ws://127.0.0.1:${port}/v1` })

  await fastify.register(realtimeGateway, {
    ...limits,
    maxSessions,
    maxUpgrades: maxSessions,
    keys: [{ key: 'sk-soak-unused-000001' }],
    // So that a forbidden model ends a session, and is not just taken out of the event.
    dialects: { strict: true },
    routing: { hedgeAfterMs: 150, probeIntervalMs: 2_000, cooldownMs: 500, credentialsCooldownMs: 500 },
    deployments: [
      // A deployment in cooldown is not tried, and a session without a fault could not know why.
      { model: 'voice', ...at(upstreamPort), cooldownMs: 0 },
      { model: 'failover', ...at(deadPort), order: 0 },
      { model: 'failover', ...at(upstreamPort), order: 1, cooldownMs: 0 },
      { model: 'hedged', ...at(upstreamPort), target: 'openai/gpt-slow', order: 0, cooldownMs: 0 },
      { model: 'hedged', ...at(upstreamPort), order: 1, cooldownMs: 0 },
      { model: 'dead', ...at(deadPort) },
      { model: 'limited', ...at(upstreamPort), maxSessions: limitedSessions, cooldownMs: 0 },
      { model: 'warm', ...at(upstreamPort), warm: { size: warmSockets, maxIdleMs: 3_000 } }
    ],
    async authenticate (request, credential) {
      const query = new URLSearchParams(request.url.split('?')[1])
      await hook(query.get('hook'))
      const own = credential?.startsWith(`${clientKey}-`) ? credential.slice(clientKey.length + 1) : undefined
      if (own !== undefined) return { id: own }
      return credential === clientKey ? principalOf(query, kicks) : undefined
    },
    onSessionOpen ({ id, principal }) {
      tell({ type: 'opened', id: Number(principal) })
      const after = kicks.get(principal)
      kicks.delete(principal)
      if (after !== undefined) setTimeout(() => fastify.realtime.sessions.close(id, { code: 4001, reason: 'kicked' }), after)
      // A hook that fails must change nothing.
      if (Number(principal) % 10 === 3) throw new Error('onSessionOpen fails')
    },
    async onSessionClose ({ principal, endedBy, closeCode, error }) {
      if (Number(principal) % 3 === 0) await sleep(20)
      tell({ type: 'closed', id: Number(principal), endedBy, closeCode, error })
      if (Number(principal) % 10 === 4) throw new Error('onSessionClose fails')
    }
  })
  await fastify.listen({ port: 0, host: '127.0.0.1', backlog: 1024 })
  return Object.assign(fastify, { port: (fastify.server.address() as AddressInfo).port })
}

async function hook (what: string | null): Promise<void> {
  if (what === 'throw') throw new Error('the user store is away')
  if (what === 'hang') await new Promise(() => {})
  else if (what !== null) await sleep(Number(what))
}

function principalOf (query: URLSearchParams, kicks: Map<string, number>): Principal {
  const id = query.get('attempt') ?? 'none'
  const kick = query.get('kick')
  if (kick !== null) kicks.set(id, Number(kick))
  return { id, ...(query.has('restricted') && { models: ['voice', 'failover', 'hedged', 'limited', 'dead', 'nobody'] }) }
}
