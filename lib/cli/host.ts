import fastify from 'fastify'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createSecureContext } from 'node:tls'
import { ConfigError } from '../errors.ts'
import realtimeGateway from '../index.ts'
import type { Args } from './args.ts'
import type { Settings } from './settings.ts'

// How long, in milliseconds, a client may take to send its request. Node's own limits are a minute and more. Sessions have clocks of their own.
const patience = 10_000
const timeouts = { headersTimeout: patience, connectionsCheckingInterval: 1_000 }
const clocks = { connectionTimeout: patience, requestTimeout: patience }

interface Host {
  readonly app: FastifyInstance
  /** Listens and returns the address of the realtime route. */
  listen (): Promise<string>
}

/** A small Fastify app with the gateway and `/health`. */
export async function createHost ({ host, port, tls }: Args, { options, warnings }: Settings, logLevel: string): Promise<Host> {
  const logger = {
    level: logLevel,
    serializers: { req: (request: FastifyRequest) => ({ method: request.method, url: shownPath(request), remoteAddress: request.ip }) }
  }
  const app: FastifyInstance = tls === undefined
    ? fastify({ ...clocks, logger, http: timeouts })
    : fastify({ ...clocks, logger, https: { ...readTls(tls), ...timeouts, handshakeTimeout: patience } })
  for (const { kind, message } of warnings) app.log[kind === 'skipped' ? 'info' : 'warn'](message)

  // Fastify's own answer logs the URL with its query string.
  app.setNotFoundHandler((_request, reply) => {
    reply.code(404)
    return { error: { type: 'invalid_request_error', code: 'unknown_url', message: 'There is nothing at this URL.', param: null, event_id: null } }
  })
  await app.register(realtimeGateway, options)
  // Anybody may ask: how many sessions there are is nobody's business. The long paths, and what they answer, are where and what orchestrators set up
  // for LiteLLM look for. A node whose stores are away is ready nevertheless: it has sessions, and all nodes share the stores.
  const quiet = { logLevel: 'warn' } as const
  app.get('/health', quiet, async () => ({ status: 'ok' }))
  for (const path of ['/health/liveliness', '/health/liveness']) app.get(path, quiet, async (_request, reply) => reply.type('application/json').send('"I\'m alive!"'))
  app.get('/health/readiness', quiet, async () => {
    const { keys, limits } = app.realtime.stores()
    return { status: 'healthy', db: keys === 'away' ? 'disconnected' : 'connected', limits: limits === 'away' ? 'disconnected' : 'connected' }
  })
  return {
    app,
    async listen () {
      await app.listen({ host, port })
      const address = app.server.address() as AddressInfo
      const name = address.family === 'IPv6' ? `[${address.address}]` : address.address
      return `${tls === undefined ? 'ws' : 'wss'}://${name}:${address.port}${options.prefix ?? ''}${options.path}`
    }
  }
}

// Steps that somebody who mistook the path may have meant.
const knownStep = /^(?:v\d{1,2}|api|openai|realtime|health|metrics)?$/

/** A client may have put its key into the URL: of a path that nobody serves only a first step that means something is logged, and no query at all. */
function shownPath ({ routeOptions, url = '' }: FastifyRequest): string {
  const [, first = '', ...rest] = url.split(/[?#]/, 1)[0]!.split('/')
  if (routeOptions?.url !== undefined) return routeOptions.url
  return `/${knownStep.test(first) ? first : '…'}${rest.length > 0 ? '/…' : ''}`
}

function readTls (tls: NonNullable<Args['tls']>): { cert: Buffer, key: Buffer } {
  const pair = { cert: readPem('--tls-cert', tls.cert), key: readPem('--tls-key', tls.key) }
  try {
    createSecureContext(pair)
  } catch (error) {
    throw new ConfigError(`--tls-cert ${tls.cert} and --tls-key ${tls.key} cannot be used: ${(error as NodeJS.ErrnoException).code ?? 'not a pair'}`)
  }
  return pair
}

function readPem (flag: string, file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (error) {
    throw new ConfigError(`${flag} ${file} cannot be read (${(error as NodeJS.ErrnoException).code})`)
  }
}
