import type { KeyStore, VirtualKey, VirtualKeyOptions } from '../../types/index.ts'
import { hashKey } from './hash.ts'

/** The keys of the options as a store: secrets are hashed here and not kept. */
export function createMemoryKeyStore (keys: readonly VirtualKeyOptions[]): KeyStore {
  const byHash = new Map<string, VirtualKey>()
  for (const { key, hash, expiresAt, ...rest } of keys) {
    const stored = { ...rest, hash: key === undefined ? hash!.toLowerCase() : hashKey(key) }
    byHash.set(stored.hash, expiresAt === undefined ? stored : { ...stored, expiresAt: new Date(expiresAt).getTime() })
  }
  return {
    async findByHash (hash) {
      return byHash.get(hash)
    }
  }
}
