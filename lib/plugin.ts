import type { FastifyInstance, FastifyPluginAsync, RegisterOptions } from 'fastify'
import { performance } from 'node:perf_hooks'
import { createClaims } from './admission/claims.ts'
import { createLease } from './admission/lease.ts'
import { createMemoryLimitStore } from './admission/limits/memory.ts'
import { createAuthenticator } from './auth/authenticate.ts'
import { createRouter } from './default-router.ts'
import { diagnoses } from './diagnosis.ts'
import { createDialects } from './dialect/dialects.ts'
import { answeringAtOnce } from './guard.ts'
import { guardedCooldowns } from './http/cooldowns.ts'
import { AlreadyRegisteredError, Http2OnlyError, WebSocketRouteError } from './errors.ts'
import { warnOfOpenClocks } from './http/clocks.ts'
import { managementRoutes } from './http/management/routes.ts'
import { realtimeRoute, translationsOf } from './http/realtime.ts'
import { offerInjectWS } from './http/inject.ts'
import { reportTo } from './http/route.ts'
import { createShares } from './http/shares.ts'
import { createStrangers } from './http/strangers.ts'
import { watchUpgrades } from './http/upgrades.ts'
import { websocketOnly } from './http/websocket-only.ts'
import { createWrongCredentials } from './http/wrong-credential.ts'
import { noAuthority } from './http/standing.ts'
import { createAuthority } from './keys/authority.ts'
import { createMemoryKeyStore } from './keys/memory.ts'
import { createSlots } from './upstream/capacity.ts'
import { noticesOf } from './options/notices.ts'
import { resolveOptions } from './options/resolve.ts'
import { Registry } from './session/registry.ts'
import { azure } from './providers/azure/adapter.ts'
import { createDial } from './upstream/dial.ts'
import { openai } from './providers/openai/adapter.ts'
import { createWarmPool } from './upstream/pool.ts'
import { createProbe, startProbing } from './upstream/probe.ts'
import { xai } from './providers/xai/adapter.ts'
import { createHeldBytes } from './wire/held-bytes.ts'
import { loggable } from './loggable.ts'
import type { KeyAdmin, KeyStore, RealtimeGatewayOptions } from '../types/index.ts'

const builtIn = [openai, xai, azure]

// Milliseconds between two sweeps of all sessions: at most this, and at most a quarter of the shortest time that a sweep watches.
const longestSweep = 750
const shortestSweep = 10

export const plugin: FastifyPluginAsync<RealtimeGatewayOptions & RegisterOptions> = async (fastify, userOptions) => {
  if (fastify.hasDecorator('realtime')) throw new AlreadyRegisteredError()
  if (speaksHttp2Only(fastify)) throw new Http2OnlyError()
  const options = resolveOptions(userOptions, builtIn.map(({ provider }) => provider))
  const { log } = fastify
  for (const notice of noticesOf(userOptions, options, Date.now())) log.warn(`realtime gateway: ${notice}`)
  const now = (): number => performance.now()
  const watched = [options.pingInterval, options.pongTimeout, options.stallTimeout, options.idleTimeout, options.maxSessionDuration].filter(time => time > 0)
  const registry = new Registry({ ...options, now, sweepInterval: Math.max(shortestSweep, Math.min(longestSweep, ...watched.map(time => time / 4))) })
  const upgrades = watchUpgrades(fastify, options.closeTimeout)
  const router = options.router ?? createRouter(options.deployments, options.routing, {
    cooldowns: options.cooldowns && guardedCooldowns(options.cooldowns, log),
    onCooldown: ({ id }, cause, forMs) => log[cause === 'credentials' ? 'error' : 'warn']({ deployment: id, cause, forMs, ...diagnoses[cause] }, 'realtime deployment in cooldown')
  })
  const dialling = {
    adapters: new Map([...builtIn, ...options.adapters?.map(adapter => answeringAtOnce(adapter, `adapters ${adapter.provider}`)) ?? []].map(adapter => [adapter.provider, adapter])),
    dial: createDial(),
    slots: createSlots(now),
    lease: () => createLease(cause => log.error({ err: loggable(cause) }, 'realtime lease')),
    connectTimeout: options.connectTimeout,
    limits: options,
    now
  }
  const probe = createProbe(dialling, reportTo(router, log))
  const pool = createWarmPool({ ...dialling, deployments: options.deployments, dial: probe })
  let stopProbing = (): void => {}
  const away = { keys: false, limits: false }
  const telling = (what: keyof typeof away, name: string) => ({
    away (cause: unknown) {
      away[what] = true
      log.error({ err: loggable(cause) }, `realtime gateway: ${name} does not answer`)
    },
    back () {
      away[what] = false
      log.info(`realtime gateway: ${name} answers again`)
    }
  })
  const { keyStore } = options
  const authority = keyStore !== undefined && tellsOfChanges(keyStore) ? createAuthority(keyStore, { time: Date.now, now, ...telling('keys', 'the key store') }) : undefined
  const claims = createClaims(options.limitStore ?? createMemoryLimitStore({ now }), { open: options.limitStoreAway === 'open', ...telling('limits', 'the limit store') })

  fastify.decorate('realtime', {
    sessions: registry,
    router: { status: () => router.status?.() ?? [] },
    stores: () => ({ keys: authority === undefined ? 'none' : away.keys ? 'away' : 'up', limits: away.limits ? 'away' : 'up' }),
    drain: drainOptions => registry.drain(drainOptions)
  })
  fastify.addHook('onReady', async () => {
    pool.start()
    authority?.start()
    if (options.routing?.probeIntervalMs !== undefined) stopProbing = startProbing(options.deployments, options.routing.probeIntervalMs, { ...dialling, probe })
  })
  const shutDown = (): Promise<void> => {
    upgrades.refuse()
    stopProbing()
    pool.close()
    return registry.drain().then(() => {
      authority?.close()
      return claims.close()
    })
  }
  // The drain begins here and is awaited in onClose. So several gateways of an app drain at the same time, and Fastify's `pluginTimeout` (10 s
  // for preClose) does not cut a drain that takes longer.
  fastify.addHook('preClose', async () => { shutDown().catch(() => {}) })
  // Awaits the drain, and begins it where the app could not start: there is no preClose then.
  fastify.addHook('onClose', shutDown)

  fastify.addHook('onRoute', function (route) {
    if ((route.websocket === true || route.wsHandler !== undefined) && !this.hasDecorator('websocketServer')) throw new WebSocketRouteError(`${String(route.method)} ${route.url}`)
  })
  await offerInjectWS(fastify)
  warnOfOpenClocks(fastify)

  const authenticate = createAuthenticator({
    authenticate: options.authenticate,
    masterKeyHash: options.masterKeyHash,
    stores: [createMemoryKeyStore(options.keys ?? []), ...keyStore === undefined ? [] : [authority?.keys ?? keyStore]],
    time: Date.now
  })
  const wrongCredentials = createWrongCredentials(now, options.maxUpgrades)
  await fastify.register(async scope => {
    scope.addHook('onRoute', ({ method, url }) => { if (method === 'GET') upgrades.own(url) })
    websocketOnly(scope, options.paths.flatMap(path => [path, translationsOf(path)]))
    realtimeRoute(scope, {
      options,
      authenticate,
      authority: authority ?? noAuthority,
      claims,
      router,
      connecting: { ...dialling, pool },
      dialects: createDialects(options.dialects),
      registry,
      upgrades,
      shares: createShares(options, now),
      wrongCredentials,
      strangers: createStrangers(options),
      held: createHeldBytes(options.maxBufferedBytes),
      now,
      time: Date.now
    })
    // Fastify gives these to routes of a plugin with a scope of its own only. `fastify-plugin` takes the scope away, so they are handed on.
  }, { prefix: options.prefix, logLevel: userOptions.logLevel, logSerializers: userOptions.logSerializers })
  if (options.management !== undefined) {
    await fastify.register(managementRoutes, {
      prefix: `${options.prefix ?? ''}${options.management.prefix ?? ''}`,
      keys: keyStore as KeyAdmin,
      sessions: registry,
      deployments: options.deployments,
      aliases: Object.keys(options.routing?.aliases ?? {}),
      authenticate,
      masterKeyHash: options.masterKeyHash!,
      wrongCredentials,
      time: Date.now
    })
  }
}

function speaksHttp2Only ({ initialConfig: { http2, https } }: FastifyInstance): boolean {
  return http2 === true && !(typeof https === 'object' && https.allowHTTP1)
}

function tellsOfChanges (store: KeyStore | KeyAdmin): store is KeyAdmin {
  return 'changes' in store && 'lastChange' in store
}
