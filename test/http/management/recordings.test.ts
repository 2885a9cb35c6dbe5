import Fastify from 'fastify'
import type { FastifyInstance } from 'fastify'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { Test } from 'tap'
import realtimeGateway, { createMemoryKeyAdmin } from '../../../lib/index.ts'
import type { KeyAdmin } from '../../../types/index.ts'

// Recorded requests to LiteLLM's own API, and what it answered. No part of the repository.
const folder = join(import.meta.dirname, '..', '..', '..', '..', 'shared', 'reference', 'litellm-api')

interface Recorded {
  readonly request: { readonly method: 'GET' | 'POST', readonly path: string, readonly authorization?: string, readonly body?: Record<string, unknown> }
  readonly status: number
  readonly response: unknown
}

/** What differs from the recording, and why. Everything else has the status and at least the fields of LiteLLM's answer. */
const differences: Readonly<Record<string, { readonly status?: number, readonly why: string }>> = {
  'key-generate-err-duration': { status: 400, why: 'the request is at fault, and not the server' },
  'key-generate-err-negative-budget': { status: 400, why: 'budgets are refused by name' },
  'key-generate-err-type': { status: 400, why: 'a type error answers 400, and names the field' },
  'key-generate-err-tags': { status: 200, why: 'tags need no licence here' },
  'key-generate-own-secret-again': { status: 400, why: 'a key that exists is not made again' },
  'key-generate-team-unknown': { status: 404, why: 'a team has to be there' },
  'key-generate-unknown-field': { status: 400, why: 'a misspelt limit must not be no limit' },
  'key-list-err-size': { status: 400, why: 'a type error answers 400, and names the field' },
  'key-regenerate': { status: 200, why: 'another secret needs no licence here' },
  'key-update-err-no-key': { status: 400, why: 'a type error answers 400, and names the field' },
  'models-not-sk': { status: 401, why: 'a hint at how keys look helps guessers' }
}
// Of other features, or of deleted keys, which are not kept.
const others = /^(budget|customer|user|global|spend|chat|realtime|request|health|key-aliases|key-list-deleted|key-reset-spend|key-info-after)/
// Fields that say nothing here: what LiteLLM joins for its own user interface.
const joined = /^(team_|end_user_|organization_(alias|max|tpm|rpm|metadata)|project_(alias|metadata)|user|user_|caller_|unresolved_|access_group_(models|mcp|agent|skill|details)|(rpm|tpm)_limit_per_model|model_max_budget_usage|litellm_budget_table|last_refreshed_at|api_key|allowed_model_region|parent_otel_span|request_route|is_session_token|created_by_user|jwt_claims|organization_models|mode|max_)/
// Fields of requests whose loss would weaken what is meant: they are refused, so they are left out to compare the rest.
const unsupported = ['max_budget', 'soft_budget', 'budget_duration', 'tpm_limit']
const known = ['prompts', 'mcp_rpm_limit', 'tag_rpm_limit', 'end_user_budget_id', 'default_estimated_output_tokens', 'default_estimated_output_tokens_per_model', 'disable_global_guardrails', 'enable_prompt_caching',
  'throttle_on_budget_exceeded', 'enforced_params', 'allowed_passthrough_routes', 'denied_passthrough_routes', 'allowed_vector_store_indexes', 'rpm_limit_type', 'tpm_limit_type']

const recorded = !existsSync(folder)
  ? []
  : readdirSync(folder).filter(file => file.endsWith('.json') && !others.test(file)).map(file => [file.slice(0, -5), JSON.parse(readFileSync(join(folder, file), 'utf8')) as Recorded] as const)

async function gateway (t: Test): Promise<{ app: FastifyInstance, keys: KeyAdmin }> {
  const app = Fastify()
  t.teardown(() => app.close())
  const keys = createMemoryKeyAdmin()
  await app.register(realtimeGateway, {
    deployments: [{ model: 'gpt', target: 'openai/gpt-realtime', apiKey: 'x' }, { model: 'grok', target: 'xai/grok-voice-latest', apiKey: 'x' }], keyStore: keys, masterKey: 'sk-1234', allowWeakMasterKey: true, management: {}
  })
  return { app, keys }
}

t.test('LiteLLM\'s recorded requests get its status and its fields, but for the differences that are named', { skip: recorded.length === 0 && 'no recordings beside this repository' }, async t => {
  t.ok(recorded.length > 40)
  const shared = await gateway(t)
  for (const [name, { request, status, response }] of recorded) {
    await t.test(name, async t => {
      // What was looked up of a key is kept for a while, so whoever asks with a key that has changed needs an app of its own.
      const { app, keys } = name.startsWith('models-') ? await gateway(t) : shared
      for (const { id } of await keys.listTeams()) await keys.deleteTeams([id], 'test')
      await keys.deleteKeys((await keys.listKeys()).keys.map(({ hash }) => hash), 'test')
      const ask = async (method: 'GET' | 'POST', url: string, body?: object, key = 'sk-1234') => await app.inject({ method, url, ...body !== undefined && { payload: body }, headers: key === '' ? {} : { authorization: `Bearer ${key}` } })
      // What the recordings have before.
      await ask('POST', '/team/new', { team_id: '00000000-0000-4000-8000-000000000003', team_alias: 'team-a' })
      if (name !== 'key-generate-full') await ask('POST', '/key/generate', { key: 'sk-example000000000000003', key_alias: 'app-1', models: ['gpt', 'grok'] })
      if (name.includes('own-secret-again') || name.includes('by-alias')) await ask('POST', '/key/generate', { key: 'sk-my-own-key-0123456789', key_alias: 'own' })
      if (!name.startsWith('models-deleted')) await ask('POST', '/key/generate', { key: 'sk-example000000000000002' })
      for (const n of ['010', '011']) await ask('POST', '/key/generate', { key: `sk-example000000000000${n}` })
      if (name === 'models-expired-key') await keys.updateKey((await keys.listKeys()).keys[1]!.hash, { expiresAt: 1_700_000_000_000 }, 'test')
      if (name === 'models-blocked-key') await ask('POST', '/key/block', { key: 'sk-example000000000000003' })

      const { why, status: own = status } = differences[name] ?? {}
      const body = request.body && (why === undefined ? Object.fromEntries(Object.entries(request.body).filter(([field]) => !unsupported.includes(field))) : request.body)
      const answer = await ask(request.method, request.path, body, request.authorization?.slice('Bearer '.length) ?? '')
      t.equal(answer.statusCode, own, `${request.method} ${request.path}${why === undefined ? '' : `: ${why}`}`)
      if (why === undefined) sameFields(answer.json(), response, name)
      if (own >= 400) t.strictSame(Object.keys(answer.json<{ error: object }>().error), ['message', 'type', 'param', 'code'])
    })
  }

  function sameFields (own: unknown, theirs: unknown, path: string): void {
    if (typeof theirs !== 'object' || theirs === null) return
    if (Array.isArray(theirs)) {
      t.ok(Array.isArray(own), path)
      if (theirs.length > 0 && (own as unknown[]).length > 0) sameFields((own as unknown[])[0], theirs[0], `${path}[0]`)
      return
    }
    for (const [field, value] of Object.entries(theirs)) {
      if (joined.test(field) || known.includes(field) || /\.(router_settings|metadata|litellm_params|model_info|error)$/.test(path)) continue
      const has = typeof own === 'object' && own !== null && field in own
      if (!has) t.fail(`${path}.${field} is missing`)
      else sameFields((own as Record<string, unknown>)[field], value, `${path}.${field}`)
    }
  }
})
