import { durationOf } from './duration.ts'
import { ManagementError } from './errors.ts'
import { keyFields, opaqueOf, teamFields } from './fields.ts'
import type { KeyPatch, KeyPolicy, Patch, Stored, StoredKey, Team, TeamPatch } from '../../../types/index.ts'

// Between LiteLLM's bodies and our own shapes. Pure.

/** A body of `/key/*`, checked by its schema. */
export interface KeyBody extends PolicyBody {
  readonly key?: string | null
  readonly key_alias?: string | null
  readonly user_id?: string | null
  readonly team_id?: string | null
  readonly duration?: string | null
  readonly permissions?: Readonly<Record<string, unknown>> | null
  readonly new_key?: string | null
}

export interface TeamBody extends PolicyBody {
  readonly team_id?: string | null
  readonly team_alias?: string | null
}

interface PolicyBody {
  readonly models?: readonly string[] | null
  readonly tags?: readonly string[] | null
  readonly max_parallel_requests?: number | null
  readonly rpm_limit?: number | null
  readonly max_session_seconds?: number | null
  readonly blocked?: boolean | null
  readonly finish_turn?: boolean | null
  readonly metadata?: Readonly<Record<string, unknown>> | null
  readonly [field: string]: unknown
}

/** What a body sets (and takes away, by `null`) of a key. @param before what the key has been given before, for what is kept for the client */
export function keyPatchOf (body: KeyBody, now: number, before?: StoredKey): KeyPatch {
  return {
    ...policyOf(body),
    name: emptyIsNull(body.key_alias),
    user: emptyIsNull(body.user_id),
    team: emptyIsNull(body.team_id),
    // LiteLLM takes `null` and the text -1 for "never".
    expiresAt: body.duration === undefined || body.duration === null ? body.duration : body.duration === '-1' ? null : now + durationOf(body.duration, now),
    ...permissionsOf(body.permissions),
    opaque: opaquePatch(body, opaqueOf(body, keyFields), before)
  }
}

export function teamPatchOf (body: TeamBody, before?: Team): TeamPatch {
  return { ...policyOf(body), name: emptyIsNull(body.team_alias), opaque: opaquePatch(body, opaqueOf(body, teamFields), before) }
}

/** The same for one that is made: `null` says nothing. */
export function given<T extends object> (patch: T): { [Field in keyof T]?: NonNullable<T[Field]> | undefined } {
  return Object.fromEntries(Object.entries(patch).filter(([, value]) => value != null)) as { [Field in keyof T]?: NonNullable<T[Field]> }
}

/** Forms send an empty text for what they leave out. */
function emptyIsNull (text: string | null | undefined): string | null | undefined {
  return text === '' ? null : text
}

function policyOf (body: PolicyBody): Patch<KeyPolicy> {
  return {
    models: body.models?.filter(model => model !== 'all-proxy-models') ?? body.models as null | undefined,
    tags: body.tags,
    maxParallelRequests: body.max_parallel_requests,
    rpmLimit: body.rpm_limit,
    maxSessionSeconds: body.max_session_seconds,
    blocked: body.blocked,
    finishTurn: body.finish_turn,
    metadata: body.metadata
  }
}

function permissionsOf (permissions: KeyBody['permissions']): Pick<KeyPatch, 'fallbacks'> {
  if (permissions == null) return { fallbacks: permissions }
  for (const [name, value] of Object.entries(permissions)) {
    if (name !== 'fallbacks' || typeof value !== 'boolean') throw new ManagementError(400, `permissions.${name} is not supported here: only fallbacks is, which is true or false.`, 'permissions')
  }
  return { fallbacks: permissions['fallbacks'] as boolean | undefined ?? null }
}

function opaquePatch (body: PolicyBody, set: Readonly<Record<string, unknown>>, before?: Stored): Readonly<Record<string, unknown>> | null | undefined {
  const left = Object.fromEntries(Object.entries(before?.opaque ?? {}).filter(([name]) => !Object.hasOwn(body, name)))
  const opaque = { ...left, ...set }
  if (Object.keys(opaque).length > 0) return opaque
  return before?.opaque === undefined ? undefined : null
}

// What LiteLLM's rows hold beside, and is always the same here.
const nothingOfKeys = {
  spend: 0,
  total_spend: 0,
  max_budget: null,
  soft_budget: null,
  budget_duration: null,
  budget_reset_at: null,
  budget_limits: null,
  budget_id: null,
  budget_fallbacks: {},
  soft_budget_cooldown: false,
  tpm_limit: null,
  tpd_limit: null,
  model_spend: {},
  model_max_budget: {},
  model_rpm_limit: null,
  model_tpm_limit: null,
  allowed_cache_controls: [],
  allowed_routes: [],
  access_group_ids: [],
  policies: [],
  guardrails: null,
  router_settings: {},
  key_type: 'default',
  organization_id: null,
  org_id: null,
  project_id: null,
  agent_id: null,
  aliases: {},
  config: {},
  object_permission: null,
  object_permission_id: null,
  last_active: null,
  settings_updated_at: null,
  rotation_count: 0,
  auto_rotate: false,
  rotation_interval: null,
  last_rotation_at: null,
  key_rotation_at: null,
  litellm_budget_table: null,
  litellm_organization_table: null,
  litellm_project_table: null,
  jwt_key_mappings: null
}

const nothingOfTeams = {
  organization_id: null,
  object_permission: null,
  object_permission_id: null,
  admins: [],
  members: [],
  members_with_roles: [],
  team_member_permissions: [],
  default_team_member_models: [],
  spend: 0,
  max_budget: null,
  soft_budget: null,
  budget_duration: null,
  budget_reset_at: null,
  budget_limits: null,
  tpm_limit: null,
  tpd_limit: null,
  model_id: null,
  model_spend: {},
  model_max_budget: {},
  router_settings: {},
  access_group_ids: [],
  policies: [],
  allow_team_guardrail_config: false,
  litellm_organization_table: null,
  litellm_model_table: null,
  projects: null
}

/** A key as LiteLLM's rows show it. There is no secret in it. */
export function keyRow (key: StoredKey): Record<string, unknown> {
  return {
    ...nothingOfKeys,
    ...key.opaque,
    token: key.hash,
    key_id: key.keyId,
    key_name: key.keyName,
    key_alias: key.name ?? null,
    user_id: key.user ?? null,
    team_id: key.team ?? null,
    expires: key.expiresAt === undefined ? null : new Date(key.expiresAt).toISOString(),
    permissions: key.fallbacks === undefined ? {} : { fallbacks: key.fallbacks },
    ...policyRow(key),
    ...storedRow(key)
  }
}

export function teamRow (team: Team): Record<string, unknown> {
  return { ...nothingOfTeams, ...team.opaque, team_id: team.id, team_alias: team.name ?? null, ...policyRow(team), blocked: team.blocked ?? false, ...storedRow(team) }
}

function policyRow ({ models, tags, maxParallelRequests, rpmLimit, maxSessionSeconds, blocked, finishTurn, metadata }: KeyPolicy): Record<string, unknown> {
  return {
    models: models ?? [],
    tags: tags ?? null,
    max_parallel_requests: maxParallelRequests ?? null,
    rpm_limit: rpmLimit ?? null,
    max_session_seconds: maxSessionSeconds ?? null,
    blocked: blocked ?? null,
    finish_turn: finishTurn ?? null,
    // LiteLLM's clients look for tags there.
    metadata: tags === undefined ? metadata ?? {} : { ...metadata, tags }
  }
}

function storedRow ({ createdAt, updatedAt, createdBy, updatedBy }: Stored): Record<string, unknown> {
  return { created_at: new Date(createdAt).toISOString(), updated_at: new Date(updatedAt).toISOString(), created_by: createdBy ?? null, updated_by: updatedBy ?? null }
}

/** What may be shown of a secret. */
export function shownOf (secret: string): string {
  return `sk-...${secret.slice(-4)}`
}
