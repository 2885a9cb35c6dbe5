import { modelNotice, speaksRealtime, successorOf } from '../catalogue.ts'
import { matchWildcard } from '../wildcard.ts'
import { masterKeyLength } from './defaults.ts'
import { didYouMean } from './did-you-mean.ts'
import type { ResolvedOptions } from './resolve.ts'
import type { Deployment, RealtimeGatewayOptions } from '../../types/index.ts'

/**
 * What the log should say at start: options that are valid and may not do what they seem to. No sentence holds a secret.
 * @param given the options as the host gave them
 * @param resolved the same, resolved
 * @param time Unix time in milliseconds
 */
export function noticesOf (given: RealtimeGatewayOptions, resolved: ResolvedOptions, time: number): string[] {
  return [...keyNotices(given, time), ...targetNotices(given), ...resolved.deployments.flatMap(credentialNotice), ...nameNotices(resolved)]
}

function keyNotices ({ masterKey, keys = [] }: RealtimeGatewayOptions, time: number): string[] {
  const weak = masterKey !== undefined && masterKey.length < masterKeyLength.safe
  return [
    ...weak ? [`masterKey has fewer than ${masterKeyLength.safe} characters: it can be guessed`] : [],
    ...keys.flatMap(({ expiresAt }, i) => expiresAt !== undefined && new Date(expiresAt).getTime() <= time ? [`keys[${i}].expiresAt is in the past: the key is refused`] : [])
  ]
}

function targetNotices ({ deployments = [], dialects }: RealtimeGatewayOptions): string[] {
  const targets = [...new Set(deployments.map(({ target }) => target))]
  const strangers = new Set(deployments.filter(({ target, baseUrl }) => baseUrl === undefined && !speaksRealtime(target)).map(({ target }) => target))
  return [
    ...targets.flatMap(target => {
      const notice = modelNotice(target)
      if (notice === undefined) return []
      return dialects?.successors === true && successorOf(target) !== undefined ? [`${notice}, as is done here`] : [notice]
    }),
    ...strangers.size === 0 ? [] : [`no realtime models, as far as is known: ${[...strangers].join(', ')}; their sessions will likely be refused`]
  ]
}

// The operator's own server at baseUrl may need no credential, and a header may be one.
function credentialNotice ({ id, target, apiKey, token, headers, baseUrl }: Deployment): string[] {
  const [provider] = target.split('/')
  const needed = provider === 'azure' || (baseUrl === undefined && (provider === 'openai' || provider === 'xai'))
  return needed && (apiKey ?? token ?? headers) === undefined ? [`deployment ${id} has neither apiKey nor token: ${provider} will refuse its sessions`] : []
}

/** Names of models that no deployment serves. A host's own router may know others, so with one there are no such notices. */
function nameNotices ({ router, routing = {}, deployments, keys = [], defaultModel, dialects }: ResolvedOptions): string[] {
  if (router !== undefined) return []
  const names = [...new Set([...deployments.map(({ model }) => model), ...Object.keys(routing.aliases ?? {})])]
  const served = (name: string): boolean => names.some(each => overlap(each, name)) || (dialects?.successors === true && successorOf(`openai/${name}`) !== undefined)
  return [
    ...keys.flatMap(({ models = [] }, i) => models.map((model, k) => [`keys[${i}].models[${k}]`, model] as const)),
    ...defaultModel === undefined ? [] : [['defaultModel', defaultModel] as const],
    ...(['fallbacks', 'groups'] as const).flatMap(option => Object.keys(routing[option] ?? {}).map(model => [`routing.${option}.${model}`, model] as const))
  ].filter(([, model]) => !served(model))
    .map(([option, model]) => `${option} names a model that no deployment has${didYouMean(model, names)}`)
}

/** Whether there can be a name that both match. */
function overlap (a: string, b: string): boolean {
  if (matchWildcard(a, b) !== undefined || matchWildcard(b, a) !== undefined) return true
  if (!a.includes('*') || !b.includes('*')) return false
  const [first, second] = [a.split('*')[0]!, b.split('*')[0]!]
  return first.startsWith(second) || second.startsWith(first)
}
