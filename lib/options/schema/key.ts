import { dialectName } from './dialects.ts'
import { data, fields, flag, limit, moment, name, of, text, texts } from './builders.ts'

/** `KeyPolicy` */
export const keyPolicy = {
  models: texts(),
  expiresAt: of<number>({ type: 'number', rule: 'must be Unix time in milliseconds' }),
  blocked: flag(false),
  team: name('must be a text'),
  user: name('must be a text'),
  maxParallelRequests: limit(),
  rpmLimit: limit(),
  maxSessionSeconds: limit(),
  finishTurn: flag(false),
  fallbacks: flag(true),
  tags: texts(),
  dialect: dialectName,
  metadata: data()
}

/** `VirtualKeyOptions` */
export const virtualKey = fields({
  key: text('must be a text of at least 8 characters', { minLength: 8 }),
  hash: text('must be a SHA-256 in 64 hex digits', { pattern: '^[0-9a-fA-F]{64}$' }),
  name: name('must be a text'),
  ...keyPolicy,
  expiresAt: moment()
  // A misspelt `models` would be a key for every model.
}, { unknown: 'is not a field of a key' })
