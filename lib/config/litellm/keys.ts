import type { NewKey, NewTeam } from '../../../types/index.ts'

// LiteLLM's own tables as keys and teams of this gateway. Pure. Columns as its migrations have them (1.108.7).

/** A row of `LiteLLM_VerificationToken` or `LiteLLM_TeamTable`, as the package `pg` reads it. */
export type LiteLLMRow = Readonly<Record<string, unknown>>

/** What becomes of a row. */
export interface Converted<T> {
  readonly value: T
  /** Columns that hold something which has no effect here, and whose loss allows the key more than LiteLLM did. */
  readonly lost: readonly string[]
}

// Left out, each of these would allow more: budgets and limits of tokens, and what a key may reach beside models.
const limiting = ['max_budget', 'tpm_limit', 'tpd_limit', 'model_max_budget', 'budget_limits', 'budget_id', 'allowed_routes', 'allowed_cache_controls', 'permissions', 'policies', 'object_permission_id', 'access_group_ids']
const limitingMetadata = ['guardrails', 'enforced_params', 'model_rpm_limit', 'model_tpm_limit', 'tag_rpm_limit', 'allowed_passthrough_routes']

/** @returns `undefined` for a row that is no key, as those of LiteLLM's own user interface */
export function keyOfLiteLLM (row: LiteLLMRow): Converted<NewKey> | undefined {
  const hash = row['token']
  if (typeof hash !== 'string' || !/^[0-9a-f]{64}$/.test(hash) || row['team_id'] === 'litellm-dashboard') return undefined
  const metadata = objectOf(row['metadata'])
  const tags = textsOf(metadata['tags'])
  return {
    value: {
      hash,
      keyName: textOf(row['key_name']) ?? 'sk-...',
      name: textOf(row['key_alias']),
      user: textOf(row['user_id']),
      team: textOf(row['team_id']),
      ...policyOf(row),
      expiresAt: row['expires'] instanceof Date ? row['expires'].getTime() : undefined,
      ...tags.length > 0 && { tags },
      ...metadata['disable_fallbacks'] === true && { fallbacks: false }
    },
    lost: lostOf(row, metadata)
  }
}

export function teamOfLiteLLM (row: LiteLLMRow): Converted<NewTeam> | undefined {
  const id = textOf(row['team_id'])
  if (id === undefined) return undefined
  return { value: { id, name: textOf(row['team_alias']), ...policyOf(row) }, lost: lostOf(row, objectOf(row['metadata'])) }
}

function policyOf (row: LiteLLMRow): Pick<NewKey, 'models' | 'blocked' | 'maxParallelRequests' | 'rpmLimit' | 'metadata'> {
  const models = textsOf(row['models']).filter(model => model !== 'all-proxy-models')
  const metadata = objectOf(row['metadata'])
  return {
    ...models.length > 0 && { models },
    ...row['blocked'] === true && { blocked: true },
    maxParallelRequests: countOf(row['max_parallel_requests']),
    rpmLimit: countOf(row['rpm_limit']),
    ...Object.keys(metadata).length > 0 && { metadata }
  }
}

function lostOf (row: LiteLLMRow, metadata: LiteLLMRow): string[] {
  return [...limiting.filter(column => says(row[column])), ...limitingMetadata.filter(name => says(metadata[name])).map(name => `metadata.${name}`)]
}

function says (value: unknown): boolean {
  return value != null && value !== false && !(typeof value === 'object' && Object.keys(value).length === 0)
}

function textOf (value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

function textsOf (value: unknown): string[] {
  return Array.isArray(value) ? value.filter(item => typeof item === 'string') : []
}

function objectOf (value: unknown): LiteLLMRow {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value as LiteLLMRow : {}
}

/** A bigint comes as a text. */
function countOf (value: unknown): number | undefined {
  const count = value == null ? NaN : Number(value)
  return Number.isSafeInteger(count) && count >= 0 ? count : undefined
}
