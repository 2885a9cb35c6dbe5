import type { FastifyInstance } from 'fastify'
import { mayUse } from '../../keys/policy.ts'
import { described } from './schemas.ts'
import type { CallerOf, ManagementTools } from './tools.ts'

/** What OpenAI's clients expect to be a time; models have none here. */
const created = 1_677_610_602

/** The models that a caller may use, as OpenAI lists them. */
export function modelsRoute (scope: FastifyInstance, { deployments, aliases }: ManagementTools, callerOf: CallerOf): void {
  const names = [...new Set([...deployments.map(({ model }) => model), ...aliases])]
  for (const url of ['/v1/models', '/models']) {
    scope.get(url, { schema: described('models', url === '/models' ? 'listModelsShort' : 'listModels', 'The models that your key may use.') }, async request => {
      const { principal } = callerOf(request)
      return { data: names.filter(name => mayUse(principal, name)).map(id => ({ id, object: 'model', created, owned_by: 'openai', mode: 'realtime' })), object: 'list' }
    })
  }
}

/** The deployments, as LiteLLM lists them: without credentials and addresses. */
export function modelInfoRoutes (scope: FastifyInstance, { deployments }: ManagementTools): void {
  for (const url of ['/model/info', '/v1/model/info']) {
    scope.get(url, { schema: described('models', url === '/model/info' ? 'modelInfo' : 'modelInfoV1', 'The deployments behind each model.') }, async () => ({
      data: deployments.map(({ id, model, target }) => ({ model_name: model, litellm_params: { model: target }, model_info: { id, mode: 'realtime', litellm_provider: target.slice(0, target.indexOf('/')), db_model: false } }))
    }))
  }
}
