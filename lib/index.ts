import fp from 'fastify-plugin'
import { plugin } from './plugin.ts'

/**
 * A realtime voice gateway as a Fastify plugin. Options: `RealtimeGatewayOptions`.
 * @throws OptionError at registration, naming the option and its rule
 */
export const realtimeGateway = fp(plugin, { fastify: '5.x', name: 'fastify-realtime-gateway' })
export default realtimeGateway

export { realtimeModels } from './catalogue.ts'
export type { CatalogueModel } from './catalogue.ts'
export { loadLiteLLMConfig } from './config/litellm.ts'
export type { LiteLLMConfig, LoadOptions } from './config/litellm.ts'
export type { ConfigWarning } from './config/warnings.ts'
export { ConfigError, GatewayError, OptionError } from './errors.ts'
export type { GatewayErrorCode, GatewayErrorDetails } from './errors.ts'
export { defaults } from './options.ts'
export { createRouter } from './default-router.ts'
export { azure } from './upstream/azure.ts'
export { openai } from './upstream/openai.ts'
export { classifyAnswer } from './upstream/refusal.ts'
export { realtimeUrl } from './upstream/url.ts'
export { xai } from './upstream/xai.ts'
export type * from '../types/index.ts'
