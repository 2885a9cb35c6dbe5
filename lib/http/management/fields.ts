import { didYouMean } from '../../options/did-you-mean.ts'
import { ManagementError } from './errors.ts'

/** JSON Schema of a value. Types are given as lists: with `anyOf`, Ajv as Fastify sets it up would make 0 of `null`. */
interface Schema {
  readonly type: string | readonly string[]
  readonly [keyword: string]: unknown
}

/**
 * What becomes of a field of LiteLLM's. `kept`: it does here what it does there. `opaque`: it means nothing here and harms nobody; it is kept
 * and comes back. `unsupported`: left out it would weaken what the operator meant, so a value is refused; one that says nothing (`null`, `{}`, `[]`, `false`) passes.
 */
export type Use = 'kept' | 'opaque' | 'unsupported'

export interface Field {
  readonly use: Use
  readonly schema: Schema
}

export type Fields = Readonly<Record<string, Field>>

// Whatever is shown in a log or a list may hold no control character.
const text: Schema = { type: ['string', 'null'], maxLength: 256, pattern: '^[^\\u0000-\\u001f\\u007f]*$' }
const texts: Schema = { type: ['array', 'null'], maxItems: 1_000, items: { type: 'string', minLength: 1, maxLength: 256, pattern: '^[^\\u0000-\\u001f\\u007f]*$' } }
const count: Schema = { type: ['integer', 'null'], minimum: 0, maximum: 2 ** 31 - 1 }
const flag: Schema = { type: ['boolean', 'null'] }
const object: Schema = { type: ['object', 'null'] }
const anything: Schema = { type: ['object', 'array', 'string', 'number', 'boolean', 'null'] }

function all (use: Use, schema: Schema, ...names: readonly string[]): Fields {
  return Object.fromEntries(names.map(name => [name, { use, schema }]))
}

const policy: Fields = {
  ...all('kept', texts, 'models', 'tags'),
  ...all('kept', count, 'max_parallel_requests', 'rpm_limit', 'max_session_seconds'),
  ...all('kept', flag, 'blocked', 'finish_turn'),
  ...all('kept', object, 'metadata'),
  ...all('opaque', anything, 'organization_id', 'default_estimated_output_tokens', 'default_estimated_output_tokens_per_model', 'rpm_limit_type', 'tpm_limit_type'),
  // Money and tokens are not counted yet.
  ...all('unsupported', anything, 'max_budget', 'soft_budget', 'budget_duration', 'budget_limits', 'model_max_budget', 'tpm_limit', 'tpd_limit', 'model_tpm_limit', 'model_rpm_limit', 'spend'),
  // What a key may reach beside models, and what is done with its texts.
  ...all('unsupported', anything, 'guardrails', 'policies', 'prompts', 'object_permission', 'disable_global_guardrails', 'allowed_passthrough_routes',
    'denied_passthrough_routes', 'allowed_vector_store_indexes', 'access_group_ids', 'mcp_rpm_limit', 'router_settings')
}

/** Fields of `/key/generate` and `/key/update`. */
export const keyFields: Fields = {
  ...policy,
  ...all('kept', { ...text, maxLength: 4_096 }, 'key'),
  ...all('kept', text, 'key_alias', 'user_id', 'team_id', 'duration'),
  ...all('kept', object, 'permissions'),
  ...all('opaque', anything, 'aliases', 'config', 'project_id', 'agent_id', 'enable_prompt_caching', 'send_invite_email'),
  ...all('unsupported', anything, 'budget_id', 'end_user_budget_id', 'budget_fallbacks', 'throttle_on_budget_exceeded', 'tag_rpm_limit', 'enforced_params', 'allowed_routes',
    'allowed_cache_controls', 'key_type', 'auto_rotate', 'rotation_interval')
}

/** Fields of `/key/regenerate`, which are set as by an update. */
export const regenerateFields: Fields = {
  ...keyFields,
  ...all('kept', { ...text, maxLength: 4_096 }, 'new_key'),
  ...all('unsupported', anything, 'new_master_key', 'grace_period')
}

/** Fields of `/team/new` and `/team/update`. */
export const teamFields: Fields = {
  ...policy,
  ...all('kept', text, 'team_id', 'team_alias'),
  ...all('opaque', anything, 'admins', 'members', 'members_with_roles', 'model_aliases', 'secret_manager_settings'),
  ...all('unsupported', anything, 'team_member_permissions', 'team_member_budget', 'team_member_rpm_limit', 'team_member_tpm_limit', 'team_member_key_duration', 'team_member_budget_duration',
    'team_member_model_max_budget', 'default_team_member_models', 'require_trace_id', 'enforced_batch_output_expires_after', 'enforced_file_expires_after', 'allow_team_guardrail_config')
}

// What clients send where they mean nothing by it.
const usual: Readonly<Record<string, unknown>> = { spend: 0, key_type: 'default' }

/** Schema of a body. Unknown fields are refused by `checkBody`, which names what is near. */
export function bodySchema (fields: Fields, required: readonly string[] = []): object {
  return { type: 'object', properties: Object.fromEntries(Object.entries(fields).map(([name, { schema }]) => [name, schema])), required }
}

/** @throws ManagementError naming the first field that cannot be honoured */
export function checkBody (body: Readonly<Record<string, unknown>>, fields: Fields): void {
  for (const [name, value] of Object.entries(body)) {
    if (!Object.hasOwn(fields, name)) throw new ManagementError(400, `${name} is not a field that is known here${didYouMean(name, Object.keys(fields))}`, name)
    if (fields[name]!.use === 'unsupported' && !saysNothing(value) && usual[name] !== value) throw new ManagementError(400, `${name} is not supported here, and would have no effect: leave it out.`, name)
  }
  checkMetadata(body['metadata'])
}

// LiteLLM reads these out of the metadata too.
const inMetadata = ['guardrails', 'enforced_params', 'model_rpm_limit', 'model_tpm_limit', 'tag_rpm_limit', 'allowed_passthrough_routes']

function checkMetadata (metadata: unknown): void {
  if (typeof metadata !== 'object' || metadata === null) return
  const name = inMetadata.find(each => !saysNothing((metadata as Readonly<Record<string, unknown>>)[each] ?? null))
  if (name !== undefined) throw new ManagementError(400, `metadata.${name} is not supported here, and would have no effect: leave it out.`, 'metadata')
}

/** The fields of a body that are kept for the client alone. */
export function opaqueOf (body: Readonly<Record<string, unknown>>, fields: Fields): Record<string, unknown> {
  return Object.fromEntries(Object.entries(body).filter(([name, value]) => fields[name]?.use === 'opaque' && !saysNothing(value)))
}

function saysNothing (value: unknown): boolean {
  return value === null || value === false || (typeof value === 'object' && Object.keys(value).length === 0)
}
