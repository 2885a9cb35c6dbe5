import t from 'tap'
import { createHash } from 'node:crypto'
import { hashKey, sameHash } from '../../lib/keys/hash.ts'
import { createMemoryKeyStore } from '../../lib/keys/memory.ts'

t.test('a key is its SHA-256', async t => {
  t.equal(hashKey('sk-1'), createHash('sha256').update('sk-1', 'utf8').digest('hex'))
  t.match(hashKey('schlüssel'), /^[0-9a-f]{64}$/)
})

t.test('hashes are the same in every digit or not at all', async t => {
  const hash = hashKey('sk-1')
  t.ok(sameHash(hash, hash))
  t.notOk(sameHash(hash, hashKey('sk-2')))
  t.notOk(sameHash(hash, hash.slice(0, 62)))
  t.notOk(sameHash(hash, ''))
  t.notOk(sameHash('', hash))
})

t.test('the memory store finds keys by hash and keeps no secret', async t => {
  const store = createMemoryKeyStore([
    { key: 'sk-12345678', name: 'a', models: ['m'], metadata: { team: 1 }, blocked: true },
    { hash: hashKey('sk-other-1').toUpperCase(), expiresAt: '2030-01-01T00:00:00Z' }
  ])
  t.strictSame(await store.findByHash(hashKey('sk-12345678')), { name: 'a', models: ['m'], metadata: { team: 1 }, blocked: true, hash: hashKey('sk-12345678') })
  t.strictSame(await store.findByHash(hashKey('sk-other-1')), { hash: hashKey('sk-other-1'), expiresAt: Date.UTC(2030, 0, 1) })
  t.equal(await store.findByHash(hashKey('sk-nobody')), undefined)
  t.equal(await store.findByHash('__proto__'), undefined)
})
