import type { FastifyRequest } from 'fastify'
import { randomUUID } from 'node:crypto'
import { unlessAborted } from '../abort.ts'
import type { Claim } from '../admission/claims.ts'
import { findCredential, refuseKeyInQuery } from '../auth/credentials.ts'
import { purposeOf, successorOf } from '../catalogue.ts'
import { GatewayError } from '../errors.ts'
import { mayUse, scopesOf } from '../keys/policy.ts'
import { modelOf, serves } from '../upstream/deployment.ts'
import type { ClientRequest } from '../upstream/deployment.ts'
import type { ClientHandshake } from './handshake.ts'
import { originAllowed } from './origin.ts'
import type { RouteTools } from './route.ts'
import { Standing } from './standing.ts'
import { planFor, upstreamFor } from './upstream-for.ts'
import type { Asker, Upstream } from './upstream-for.ts'
import type { Lease, Principal } from '../../types/index.ts'

/** What is settled before a client is answered. */
export interface Admitted extends Upstream {
  /** Of the session to be. */
  readonly id: string
  /** Its part of the limits of its key and team. */
  readonly claim: Claim
  readonly asker: Asker
  /** What the client called the model. */
  readonly asked: string
}

/**
 * All checks that can refuse a client. The cheapest come first, and those whose answer tells an unknown client least.
 * @param lease gets what is taken for the session
 * @param signal aborted when the client is gone or may wait no longer; its reason is then what is thrown
 * @throws GatewayError
 */
export async function admit (request: FastifyRequest, handshake: ClientHandshake, lease: Lease, signal: AbortSignal, tools: RouteTools): Promise<Admitted> {
  const { options } = tools
  const credential = findCredential(request.raw.headers, handshake.protocols)
  refuseKeyInQuery(handshake.query, credential)
  const { allowedOrigins: allowed } = options
  if (!originAllowed(handshake.origin, { allowed, host: request.host, hasCredential: credential !== undefined })) throw new GatewayError('origin_not_allowed')
  const { generation } = tools.authority
  const known = tools.strangers(request)
  const { principal, store } = await unlessAborted(tools.authenticate(request, credential), signal).catch(storeHangs).finally(known)
  const standing = new Standing(principal)
  if (store !== undefined && store === tools.authority.keys) lease.defer(tools.authority.track(standing, generation))

  const named = handshake.query.get('model') ?? ''
  const query = new URLSearchParams(handshake.query)
  query.delete('model')
  const client = { kind: handshake.kind, query, safetyIdentifier: handshake.safetyIdentifier }
  const asked = named !== '' ? named : defaultModel(client, principal, tools)
  if (asked === undefined) throw new GatewayError('missing_model', { param: 'model' })
  const model = options.dialects?.successors === true ? servedModel(asked, tools) : asked
  refuseModel(principal, asked, model)
  if (model !== asked) request.log.warn({ asked, model }, 'realtime model is retired; its successor serves the session')

  const asker = { standing, client, tags: tagsOf(principal, handshake.tags), log: request.log, lease, signal }
  // Only who may have the model takes a place: strangers must not make an idle session go.
  const answered = tools.shares.enter(principal, lease)
  try {
    lease.defer(tools.registry.reserve())
    const id = `sess_${randomUUID().replaceAll('-', '')}`
    const group = principal.team ?? principal.keyHash ?? principal.id
    const claim = await unlessAborted(tools.claims.take(id, group, scopesOf(principal), lease, error => standing.revoked(error)), signal).catch(storeHangs)
    const upstream = await upstreamFor(model, await planFor(model, asker, tools), asker, tools)
    // The key may have changed while the upstream was dialled.
    standing.check()
    refuseModel(standing.principal, asked, model)
    return { ...upstream, id, claim, asker, asked }
  } finally {
    answered()
  }
}

/** No upstream was asked yet, so what did not answer in time is a store, or the host's hook. */
function storeHangs (cause: unknown): never {
  throw cause instanceof GatewayError && cause.code === 'upstream_timeout' ? new GatewayError('store_unavailable') : cause
}

/** @throws GatewayError `model_not_allowed`, where neither of a model's names is allowed */
function refuseModel (principal: Principal, asked: string, model: string): void {
  if (!mayUse(principal, asked) && !mayUse(principal, model)) throw new GatewayError('model_not_allowed', { param: 'model' })
}

/** The tags of a session: the key's, of which the client may name some. Whoever has the tag `*` may name any. */
function tagsOf ({ tags = [] }: Principal, named: readonly string[]): readonly string[] {
  if (tags.includes('*')) return [...new Set([...tags.filter(tag => tag !== '*'), ...named])]
  const chosen = named.filter(tag => tags.includes(tag))
  return chosen.length > 0 ? chosen : tags
}

/** The successor, where the model is retired and no deployment has its exact name; else the model. */
function servedModel (asked: string, { options }: RouteTools): string {
  const successor = successorOf(asked.startsWith('openai/') ? asked : `openai/${asked}`)
  if (successor === undefined || options.deployments.some(({ model }) => model === asked)) return asked
  return asked.startsWith('openai/') ? successor : successor.slice('openai/'.length)
}

/**
 * The public model for a session whose client names none. A call that it attaches to has its model already. A transcription client names its
 * model after the first event, which it waits for: until then any deployment for transcription that the key allows will do.
 */
function defaultModel (client: ClientRequest, principal: Principal, { options, connecting }: RouteTools): string | undefined {
  if (client.kind === 'attached') return options.defaultModel
  if (client.kind !== 'transcription') return undefined
  const able = options.deployments.filter(deployment => serves(deployment, client, connecting))
  const transcribing = able.filter(deployment => !deployment.model.includes('*') && purposeOf(modelOf(deployment)) === 'transcription').map(({ model }) => model)
  const named = options.defaultModel === undefined ? [] : [options.defaultModel]
  return [...named.filter(isServed), ...transcribing, ...named].find(name => mayUse(principal, name)) ?? options.defaultModel

  function isServed (name: string): boolean {
    return able.some(({ model }) => model === name)
  }
}
