import { hashKey } from '../keys/hash.ts'
import type { VirtualKeyOptions } from '../../types/index.ts'
import { checkSecret, rule } from './rule.ts'

/** Checks what the schema of a key cannot say. @throws OptionError */
export function checkKeys (keys: readonly VirtualKeyOptions[]): void {
  const hashes = new Set<string>()
  keys.forEach(({ key, hash, expiresAt }, i) => {
    rule((key === undefined) !== (hash === undefined), `keys[${i}]`, 'must have either key or hash')
    checkSecret(key, `keys[${i}].key`)
    // A time in seconds, taken for milliseconds, would be in 1970.
    rule(typeof expiresAt !== 'number' || expiresAt > 1e11, `keys[${i}].expiresAt`, 'must be Unix time in milliseconds, not in seconds')
    const identity = hash?.toLowerCase() ?? hashKey(key!)
    rule(!hashes.has(identity), `keys[${i}]`, 'must not repeat an earlier key')
    hashes.add(identity)
  })
}
