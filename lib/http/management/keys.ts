import type { FastifyInstance } from 'fastify'
import { randomBytes } from 'node:crypto'
import { hashKey, sameHash } from '../../keys/hash.ts'
import { changedBy } from './caller.ts'
import { ManagementError, notFound } from './errors.ts'
import { bodySchema, checkBody, keyFields, regenerateFields } from './fields.ts'
import { bodyLimit, described, id, keyName, object } from './schemas.ts'
import { given, keyPatchOf, keyRow, shownOf } from './shape.ts'
import type { KeyBody } from './shape.ts'
import type { CallerOf, ManagementTools } from './tools.ts'

/** The routes of keys that only the master key opens. */
export function keyRoutes (scope: FastifyInstance, { keys, masterKeyHash, time }: ManagementTools): void {
  scope.post<{ Body: KeyBody }>('/key/generate', { bodyLimit, schema: described('keys', 'generateKey', 'Make a key; it is shown this once.', { body: bodySchema(keyFields) }) }, async request => {
    checkBody(request.body, keyFields)
    const secret = request.body.key == null ? newSecret() : ownSecret(request.body.key, masterKeyHash)
    const key = await keys.createKey({ ...given(keyPatchOf(request.body, time())), hash: hashKey(secret), keyName: shownOf(secret) }, changedBy(request))
    return { ...keyRow(key), key: secret, token_id: key.hash, duration: request.body.duration ?? null }
  })

  scope.post<{ Body: KeyBody }>('/key/update', { bodyLimit, schema: described('keys', 'updateKey', 'Change a key: null takes a field away.', { body: bodySchema(keyFields) }) }, async request => {
    checkBody(request.body, keyFields)
    const { key: named, key_alias: alias } = request.body
    if (named == null && alias == null) throw new ManagementError(400, 'Either key or key_alias must be given.', 'key')
    const before = named == null ? await keys.findKey({ name: alias! }) : await keys.findKey({ hash: hashOf(named) })
    if (before === undefined) throw notFound('Key', named == null ? 'key_alias' : 'key')
    const key = await keys.updateKey(before.hash, keyPatchOf(request.body, time(), before), changedBy(request))
    return { key: named ?? key.hash, ...keyRow(key) }
  })

  scope.post<{ Body: { readonly keys?: readonly string[] | null, readonly key_aliases?: readonly string[] | null } }>('/key/delete', {
    bodyLimit,
    schema: described('keys', 'deleteKeys', 'Delete keys; their sessions end.', { body: object({ keys: list(keyName), key_aliases: list(id) }) })
  }, async request => {
    const named = [
      ...(request.body.keys ?? []).map(key => ({ said: key, find: async () => hashOf(key) })),
      ...(request.body.key_aliases ?? []).map(name => ({ said: name, find: async () => (await keys.findKey({ name }))?.hash }))
    ]
    if (named.length === 0) throw new ManagementError(400, 'Either keys or key_aliases must be given.', 'keys')
    const hashes = await Promise.all(named.map(({ find }) => find()))
    const deleted = new Set(await keys.deleteKeys(hashes.filter(hash => hash !== undefined), changedBy(request)))
    if (deleted.size === 0) throw notFound('Key', 'keys')
    return { deleted_keys: named.filter((_, i) => deleted.has(hashes[i]!)).map(({ said }) => said) }
  })

  for (const [url, operationId, summary, patch] of [
    ['/key/block', 'blockKey', 'Block a key; its sessions end.', { blocked: true }],
    ['/key/unblock', 'unblockKey', 'Let a blocked key in again.', { blocked: false }]
  ] as const) {
    scope.post<{ Body: { readonly key: string } }>(url, { bodyLimit, schema: described('keys', operationId, summary, { body: object({ key: keyName }, ['key']) }) }, async request => {
      return keyRow(await keys.updateKey(hashOf(request.body.key), patch, changedBy(request)))
    })
  }

  const anew = 'Give a key another secret; sessions on the old one end.'
  const body = { ...bodySchema(regenerateFields), type: ['object', 'null'] }
  scope.post<{ Params: { readonly key: string }, Body: KeyBody | null }>('/key/:key/regenerate', { bodyLimit, schema: described('keys', 'regenerateKey', anew, { params: object({ key: keyName }), body }) }, async request => {
    return await replaced(request.params.key, request.body ?? {}, changedBy(request))
  })
  scope.post<{ Body: KeyBody }>('/key/regenerate', { bodyLimit, schema: described('keys', 'regenerateNamedKey', anew, { body }) }, async request => {
    const { key, ...body } = request.body ?? {}
    if (key == null) throw new ManagementError(400, 'key is required.', 'key')
    return await replaced(key, body, changedBy(request))
  })

  scope.get<{ Querystring: ListQuery }>('/key/list', {
    schema: described('keys', 'listKeys', 'List keys, newest first.', {
      querystring: object({
        page: { type: 'integer', minimum: 1, maximum: 1_000_000, default: 1 },
        size: { type: 'integer', minimum: 1, maximum: 100, default: 10 },
        user_id: id,
        team_id: id,
        key_alias: id,
        key_hash: id,
        return_full_object: { type: 'boolean', default: false },
        // They change nothing here. Any other filter is refused: who deletes what is listed must not get more than was asked for.
        ...Object.fromEntries(['include_team_keys', 'include_created_by_keys', 'sort_by', 'sort_order', 'expand'].map(name => [name, {}]))
      }, [], false)
    })
  }, async ({ query: { page, size, user_id: user, team_id: team, key_alias: name, key_hash: hash, return_full_object: full } }) => {
    const { keys: found, total } = await keys.listKeys({ user, team, name, hash, offset: (page - 1) * size, limit: size })
    return { keys: found.map(key => full ? keyRow(key) : key.hash), total_count: total, current_page: page, total_pages: Math.ceil(total / size) }
  })

  async function replaced (key: string, body: KeyBody, by: string): Promise<Record<string, unknown>> {
    checkBody(body, regenerateFields)
    const before = await keys.findKey({ hash: hashOf(key) })
    if (before === undefined) throw notFound('Key', 'key')
    const secret = body.new_key == null ? newSecret() : ownSecret(body.new_key, masterKeyHash)
    if (await keys.findKey({ hash: hashKey(secret) }) !== undefined) throw new ManagementError(400, 'This key exists already. Choose another new_key.', 'new_key')
    // What may be refused comes first: a secret that is replaced is gone, and whoever is refused is not told the new one.
    const patch = keyPatchOf(body, time(), before)
    if (Object.values(patch).some(value => value !== undefined)) await keys.updateKey(before.hash, patch, by)
    const next = await keys.replaceSecret(before.hash, { hash: hashKey(secret), keyName: shownOf(secret) }, by)
    return { ...keyRow(next), key: secret, token_id: next.hash }
  }
}

/** What a holder may see of its own key, and the master key of all. */
export function keyInfoRoute (scope: FastifyInstance, { keys }: ManagementTools, callerOf: CallerOf): void {
  scope.get<{ Querystring: { readonly key?: string } }>('/key/info', { schema: described('keys', 'keyInfo', 'What is known of a key; of your own where none is named.', { querystring: object({ key: keyName }) }) }, async request => {
    const { principal: { keyHash }, admin } = callerOf(request)
    const { key: named } = request.query
    const hash = named === undefined ? keyHash : hashOf(named)
    if (!admin && (hash === undefined || hash !== keyHash)) throw new ManagementError(403, "You are not allowed to access this key's info.", 'key')
    const key = hash === undefined ? undefined : await keys.findKey({ hash })
    if (key === undefined) throw notFound('Key', 'key')
    return { key: named ?? key.hash, info: { ...keyRow(key), status: 'active' } }
  })
}

interface ListQuery {
  readonly page: number
  readonly size: number
  readonly user_id?: string
  readonly team_id?: string
  readonly key_alias?: string
  readonly key_hash?: string
  readonly return_full_object: boolean
}

function list (items: object): object {
  return { type: ['array', 'null'], maxItems: 1_000, items }
}

/** A key may be named by its secret, or by its hash. */
function hashOf (key: string): string {
  return /^[0-9a-f]{64}$/.test(key) ? key : hashKey(key)
}

function newSecret (): string {
  return `sk-${randomBytes(24).toString('base64url')}`
}

/** @throws ManagementError where others could guess it */
function ownSecret (secret: string, masterKeyHash: string): string {
  if (!/^sk-[\x21-\x7e]+$/.test(secret)) throw new ManagementError(400, "Invalid key format: a key must start with 'sk-', and hold no spaces.", 'key')
  if (secret.length < 16) throw new ManagementError(400, 'Invalid key format: a key must be at least 16 characters long.', 'key')
  if (sameHash(hashKey(secret), masterKeyHash)) throw new ManagementError(400, 'This key exists already.', 'key')
  return secret
}
