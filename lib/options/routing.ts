import type { Deployment, RoutingOptions } from '../../types/index.ts'
import { rule } from './rule.ts'

/**
 * Checks the names of models in `routing` against the deployments that it routes.
 * @throws OptionError
 */
export function checkRouting ({ aliases = {}, fallbacks = {}, defaultFallbacks = [] }: RoutingOptions, deployments: readonly Deployment[]): void {
  const models = new Set(deployments.map(({ model }) => model))
  const exists = (model: string): boolean => model !== '' && (models.has(model) || Object.hasOwn(aliases, model) || [...models].some(name => name.includes('*')))
  for (const [alias, model] of Object.entries(aliases)) {
    rule(exists(model) && !Object.hasOwn(aliases, model), `routing.aliases.${alias}`, 'must be a model that a deployment has')
  }
  for (const [option, list] of [...Object.entries(fallbacks).map(([model, list]) => [`routing.fallbacks.${model}`, list] as const), ['routing.defaultFallbacks', defaultFallbacks] as const]) {
    rule(list.every(exists), option, 'must be models that a deployment has')
  }
}
