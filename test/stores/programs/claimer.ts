// A node that takes claims at a signal: `claimer <socket> <name> <count> <limit> <leaseMs>`.
import { Redis } from 'ioredis'
import { createRedisLimitStore } from '../../../lib/admission/limits/redis.ts'

const [path, name, count, limit, leaseMs] = process.argv.slice(2)
const client = new Redis({ path: path! })
const store = createRedisLimitStore(client, { leaseMs: Number(leaseMs), timeoutMs: 20_000 })
await client.ping()
process.once('SIGUSR2', async () => {
  const answers = await Promise.all(Array.from({ length: Number(count) }, (_, i) => store.acquire({ id: `${name}-${i}`, group: 'team:t', scopes: [{ id: 'team:t', maxParallel: Number(limit) }] })))
  console.log(`held ${answers.filter(answer => answer === undefined).length} `)
})
console.log('ready ')
