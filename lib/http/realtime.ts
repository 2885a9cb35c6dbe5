import { randomUUID } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Authenticator } from '../auth/authenticate.ts'
import { findCredential, isSecretProtocol, refuseKeyInQuery, selectProtocol } from '../auth/credentials.ts'
import { GatewayError } from '../errors.ts'
import type { Slots } from '../limits/slots.ts'
import type { ResolvedOptions } from '../options.ts'
import { createModelRule } from '../session/model-rule.ts'
import type { Registry } from '../session/registry.ts'
import { Session } from '../session/session.ts'
import { connect } from '../upstream/connect.ts'
import type { Connected } from '../upstream/connect.ts'
import type { Dial } from '../upstream/dial.ts'
import { allowsModel } from '../wildcard.ts'
import type { UnfinishedBytes } from '../wire/reader.ts'
import { accept, prepare, refuseByEvent, refuseByHttp } from './answer.ts'
import { readHello, readsEventsOnly } from './hello.ts'
import type { Hello } from './hello.ts'
import type { Upgrade, Upgrades } from './upgrades.ts'
import type { Principal, RouteOutcome, Router, SessionSummary, UpstreamAdapter } from '../../types/index.ts'

/** What the route works with, put together by the plugin. */
export interface RealtimeRoute {
  readonly options: ResolvedOptions
  readonly adapters: ReadonlyMap<string, UpstreamAdapter>
  readonly authenticate: Authenticator
  readonly router: Router
  readonly registry: Registry
  readonly upgrades: Upgrades
  readonly slots: Slots
  readonly dial: Dial
  readonly unfinished: UnfinishedBytes
  /** Monotonic clock in milliseconds. */
  readonly now: () => number
}

/** What is settled before the client is answered. */
interface Admitted extends Connected {
  readonly principal: Principal
  readonly model: string
}

/** The one route, under all its paths. */
export function realtimeRoute (scope: FastifyInstance, route: RealtimeRoute): void {
  const { options, registry, upgrades, now } = route
  let waiting = 0

  for (const url of options.paths) {
    scope.route({
      method: 'GET',
      url,
      // The query may hold what must not be logged, and a model name is logged where it means something.
      logSerializers: { req: request => ({ method: request.method, url, remoteAddress: request.ip }) },
      preHandler: upgrade,
      // Whoever asks for an upgrade has been answered by now.
      handler: () => { throw new GatewayError('upgrade_required') }
    })
  }
  scope.setErrorHandler((error, _request, reply) => {
    // What is not ours is the host's to answer.
    if (!(error instanceof GatewayError)) throw error
    return refuseByHttp(reply, error)
  })
  // @fastify/websocket closes a refused upgrade's socket only if no hook of the host's refused it first.
  scope.addHook('onResponse', async request => { upgrades.get(request.raw)?.socket.destroy() })

  async function upgrade (request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const upgrade = upgrades.get(request.raw)
    if (upgrade === undefined) return
    const hello = readHello(request.raw)
    const { socket } = upgrade
    prepare(socket)
    const gone = new AbortController()
    const leave = (): void => gone.abort(new ClientGone())
    const timer = setTimeout(() => gone.abort(new GatewayError('upstream_timeout')), options.upgradeTimeout)
    const stopDrain = registry.onDrain(error => gone.abort(error))
    // Only the raw socket tells that the client left while hooks run; a client that ends its half before the answer has left too.
    socket.on('close', leave)
    socket.on('end', leave)
    // It may have left during a hook of the host's, and will not say so again.
    if (socket.destroyed || socket.readableEnded) leave()
    waiting++
    let place: (() => void) | undefined
    try {
      if (waiting > options.maxUpgrades) throw new GatewayError('at_capacity')
      gone.signal.throwIfAborted()
      place = registry.reserve()
      open(request, reply, upgrade, hello, await admit(request, hello, gone.signal), place)
    } catch (cause) {
      place?.()
      if (cause instanceof ClientGone || socket.destroyed) {
        request.log.debug('realtime client left before it was answered')
        reply.hijack()
        socket.destroy()
        return
      }
      refuse(request, reply, upgrade, hello, cause)
    } finally {
      waiting--
      clearTimeout(timer)
      stopDrain()
      socket.off('close', leave)
      socket.off('end', leave)
    }
  }

  /** Everything that can refuse a client, in order: what costs least first, what tells a stranger least first. */
  async function admit (request: FastifyRequest, hello: Hello, signal: AbortSignal): Promise<Admitted> {
    if (hello.origin !== undefined && options.allowedOrigins?.includes(hello.origin) === false) throw new GatewayError('origin_not_allowed')
    refuseKeyInQuery(hello.query)
    const credential = findCredential(request.raw.headers, hello.protocols)
    const principal = await unlessAborted(route.authenticate(request, credential), signal).catch(cause => {
      // Whoever does not answer in time is away, and no upstream was asked yet.
      throw cause instanceof GatewayError && cause.code === 'upstream_timeout' ? new GatewayError('store_unavailable') : cause
    })

    const named = hello.query.get('model') ?? ''
    const query = new URLSearchParams(hello.query)
    query.delete('model')
    const model = named !== '' ? named : modelless(query) ? options.defaultModel : undefined
    if (model === undefined) throw new GatewayError('missing_model', { param: 'model' })
    if (!allowsModel(principal.models, model)) throw new GatewayError('model_not_allowed', { param: 'model' })

    const candidates = await unlessAborted(route.router.candidates({ model, principal, query }), signal)
    if (candidates.length === 0) throw new GatewayError('model_not_found', { param: 'model' })
    const connected = await connect(candidates, {
      ...route,
      hello: { query, safetyIdentifier: hello.safetyIdentifier },
      named: named !== '',
      report: (outcome, cause) => report(request, outcome, cause),
      connectTimeout: options.connectTimeout,
      limits: options,
      signal
    })
    return { ...connected, principal, model }
  }

  function open (request: FastifyRequest, reply: FastifyReply, upgrade: Upgrade, hello: Hello, admitted: Admitted, place: () => void): void {
    const { deployment, upstream, principal, model } = admitted
    if (upgrade.socket.destroyed) {
      upstream.socket.destroy()
      admitted.release()
      throw new ClientGone()
    }
    accept(reply, upgrade, hello.key, selectProtocol(hello.protocols))
    const { log } = request
    const targetModel = deployment.target.slice(deployment.target.indexOf('/') + 1)
    const session = new Session({
      id: `sess_${randomUUID().replaceAll('-', '')}`,
      principal: principal.id,
      keyHash: principal.keyHash,
      model,
      deployment: deployment.id,
      client: upgrade,
      upstream,
      limits: options,
      rule: principal.models?.length ? createModelRule(name => name === targetModel || allowsModel(principal.models, name)) : undefined,
      unfinished: route.unfinished,
      now,
      onClosed: summary => { closed(summary).finally(place) }
    })
    registry.add(session)
    const info = session.info()
    log.info({ session: info.id, principal: info.principal, model, deployment: info.deployment }, 'realtime session open')
    // A hook that throws must not keep the session from starting.
    runHook(log, 'onSessionOpen', () => options.onSessionOpen?.(info))
    session.start()

    async function closed (summary: SessionSummary): Promise<void> {
      admitted.release()
      const { id, ageMs, bytes, messages, turns, endedBy, closeCode, error } = summary
      log.info({ session: id, principal: summary.principal, model, deployment: summary.deployment, ageMs, bytes, messages, turns, endedBy, closeCode, error }, 'realtime session closed')
      report(request, { type: 'ended', deployment, ms: ageMs, closeCode: endedBy === 'upstream' ? closeCode : 1000 })
      await runHook(log, 'onSessionClose', () => options.onSessionClose?.(summary))
      registry.remove(id)
    }
  }

  function refuse (request: FastifyRequest, reply: FastifyReply, upgrade: Upgrade, hello: Hello, cause: unknown): void {
    const error = cause instanceof GatewayError ? cause : new GatewayError('internal_error', { cause })
    const level = error.statusCode >= 500 ? 'warn' : 'info'
    request.log[level]({ code: error.code, cause: loggable(error.cause) }, 'realtime upgrade refused')
    const byEvent = options.refusal === 'event' || (options.refusal === 'auto' && readsEventsOnly(hello, isSecretProtocol))
    if (!byEvent) throw error
    accept(reply, upgrade, hello.key, selectProtocol(hello.protocols))
    refuseByEvent(upgrade.socket, error, options.closeTimeout)
  }

  function report (request: FastifyRequest, outcome: RouteOutcome, cause?: unknown): void {
    if (outcome.type === 'refused') {
      request.log.warn({ deployment: outcome.deployment.id, kind: outcome.refusal.kind, ms: outcome.ms, cause: loggable(cause) }, 'realtime upstream refused')
    }
    try {
      route.router.report?.(outcome)
    } catch (err) {
      request.log.error({ err }, 'router.report threw')
    }
  }
}

/** The client is not there any more: there is nobody to answer. */
class ClientGone extends Error {}

/** Sessions that name no model of their own: attached to a call, or transcription. */
function modelless (query: URLSearchParams): boolean {
  return query.has('call_id') || query.get('intent') === 'transcription'
}

async function runHook (log: FastifyRequest['log'], name: string, hook: () => void | Promise<void>): Promise<void> {
  try {
    await hook()
  } catch (err) {
    log.error({ err }, `${name} threw`)
  }
}

/** An error by its name, code and text alone: some carry requests, headers and credentials along. */
function loggable (error: unknown): { type: string, code?: string, message: string } | undefined {
  if (!(error instanceof Error)) return undefined
  const { code } = error as NodeJS.ErrnoException
  return { type: error.name, ...(typeof code === 'string' && { code }), message: error.message }
}

function unlessAborted<T> (value: T | Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason)
    // First of all, so that a rejection which nobody waits for any more is not an unhandled one.
    Promise.resolve(value).then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
    if (signal.aborted) abort()
    else signal.addEventListener('abort', abort, { once: true })
  })
}
