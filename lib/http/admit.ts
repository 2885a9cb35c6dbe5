import type { FastifyRequest } from 'fastify'
import { unlessAborted } from '../abort.ts'
import { findCredential, refuseKeyInQuery } from '../auth/credentials.ts'
import { purposeOf, successorOf } from '../catalogue.ts'
import { GatewayError } from '../errors.ts'
import { modelOf, serves } from '../upstream/deployment.ts'
import type { ClientRequest } from '../upstream/deployment.ts'
import { allowsModel } from '../wildcard.ts'
import type { ClientHandshake } from './handshake.ts'
import { originAllowed } from './origin.ts'
import type { RouteTools } from './route.ts'
import { planFor, upstreamFor } from './upstream-for.ts'
import type { Asker, Upstream } from './upstream-for.ts'
import type { Lease, Principal } from '../../types/index.ts'

/** What is settled before a client is answered. */
export interface Admitted extends Upstream {
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
  const principal = await unlessAborted(tools.authenticate(request, credential), signal).catch(cause => {
    // No upstream was asked yet, so what did not answer in time is a key store or the host's hook.
    throw cause instanceof GatewayError && cause.code === 'upstream_timeout' ? new GatewayError('store_unavailable') : cause
  })

  const named = handshake.query.get('model') ?? ''
  const query = new URLSearchParams(handshake.query)
  query.delete('model')
  const client = { kind: handshake.kind, query, safetyIdentifier: handshake.safetyIdentifier }
  const asked = named !== '' ? named : defaultModel(client, principal, tools)
  if (asked === undefined) throw new GatewayError('missing_model', { param: 'model' })
  const model = options.dialects?.successors === true ? servedModel(asked, tools) : asked
  if (!allowsModel(principal.models, asked) && !allowsModel(principal.models, model)) throw new GatewayError('model_not_allowed', { param: 'model' })
  if (model !== asked) request.log.warn({ asked, model }, 'realtime model is retired; its successor serves the session')

  const asker = { principal, client, tags: tagsOf(principal, handshake.tags), log: request.log, lease, signal }
  // Only who may have the model takes a place: strangers must not make an idle session go.
  const answered = tools.shares.enter(principal, lease)
  try {
    lease.defer(tools.registry.reserve())
    return { ...await upstreamFor(model, await planFor(model, asker, tools), asker, tools), asker, asked }
  } finally {
    answered()
  }
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
function defaultModel (client: ClientRequest, { models }: Principal, { options, connecting }: RouteTools): string | undefined {
  if (client.kind === 'attached') return options.defaultModel
  if (client.kind !== 'transcription') return undefined
  const able = options.deployments.filter(deployment => serves(deployment, client, connecting))
  const transcribing = able.filter(deployment => !deployment.model.includes('*') && purposeOf(modelOf(deployment)) === 'transcription').map(({ model }) => model)
  const named = options.defaultModel === undefined ? [] : [options.defaultModel]
  return [...named.filter(isServed), ...transcribing, ...named].find(name => allowsModel(models, name)) ?? options.defaultModel

  function isServed (name: string): boolean {
    return able.some(({ model }) => model === name)
  }
}
