import { hashKey } from '../keys/hash.ts'
import type { VirtualKeyOptions } from '../../types/index.ts'
import { checkDialectName } from './dialects.ts'
import { isName, rule, texts } from './rule.ts'

// A misspelt `models` would be a key for every model.
const keyFields = new Set<string>(['key', 'hash', 'name', 'models', 'expiresAt', 'blocked', 'team', 'fallbacks', 'tags', 'dialect', 'metadata'] satisfies Array<keyof VirtualKeyOptions>)

/** @throws OptionError */
export function checkKeys (keys: readonly VirtualKeyOptions[]): void {
  const hashes = new Set<string>()
  keys.forEach((item, i) => {
    const at = (field: string): string => `keys[${i}].${field}`
    rule(typeof item === 'object' && item !== null, `keys[${i}]`, 'must be an object')
    const { key, hash, name, models, expiresAt, blocked, team, fallbacks, tags, dialect } = item
    for (const name of Object.keys(item)) rule(keyFields.has(name), at(name), 'is not a field of a key')
    rule((key === undefined) !== (hash === undefined), `keys[${i}]`, 'must have either key or hash')
    rule(key === undefined || (typeof key === 'string' && key.length >= 8), at('key'), 'must be a text of at least 8 characters')
    rule(hash === undefined || (typeof hash === 'string' && /^[0-9a-f]{64}$/i.test(hash)), at('hash'), 'must be a SHA-256 in 64 hex digits')
    rule(name === undefined || isName(name), at('name'), 'must be a text')
    if (models !== undefined) texts(models, at('models'))
    rule(expiresAt === undefined || !Number.isNaN(new Date(expiresAt).getTime()), at('expiresAt'), 'must be a date, an ISO 8601 text or Unix time in milliseconds')
    rule(blocked === undefined || typeof blocked === 'boolean', at('blocked'), 'must be true or false')
    rule(team === undefined || isName(team), at('team'), 'must be a text')
    rule(fallbacks === undefined || typeof fallbacks === 'boolean', at('fallbacks'), 'must be true or false')
    if (tags !== undefined) texts(tags, at('tags'))
    if (dialect !== undefined) checkDialectName(dialect, at('dialect'))
    const identity = hash?.toLowerCase() ?? hashKey(key!)
    rule(!hashes.has(identity), `keys[${i}]`, 'must not repeat an earlier key')
    hashes.add(identity)
  })
}
