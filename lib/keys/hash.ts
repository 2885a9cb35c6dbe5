import { createHash, timingSafeEqual } from 'node:crypto'

/** SHA-256 of a key in lower-case hex: what is stored, and the key's identity. */
export function hashKey (key: string): string {
  return createHash('sha256').update(key).digest('hex')
}

/** Compares two hashes in a time that says nothing of where they differ. */
export function sameHash (a: string, b: string): boolean {
  const left = Buffer.from(a, 'hex')
  const right = Buffer.from(b, 'hex')
  return left.length === right.length && timingSafeEqual(left, right)
}
