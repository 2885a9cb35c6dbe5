import { Cluster, Redis } from 'ioredis'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { startProgram } from '../fixtures/program.ts'
import type { Program } from '../fixtures/program.ts'

export interface RedisServer extends Program {
  /** Its socket. */
  readonly path: string
  readonly folder: string
}

export function folderFor (t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'realtime-gateway-redis-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Starts a Redis that keeps nothing, in a folder where another may have been. */
export async function startRedis (t: Test, { folder = folderFor(t), args = [] }: { folder?: string, args?: readonly string[] } = {}): Promise<RedisServer> {
  const path = join(folder, 'socket')
  const program = startProgram(t, 'redis-server', ['--unixsocket', path, '--dir', folder, '--save', '', '--appendonly', 'no', ...(args.length > 0 ? args : ['--port', '0'])])
  await program.printed(/eady to accept connections/)
  return { ...program, path, folder }
}

export function redisClient (t: Test, path: string): Redis {
  const client = new Redis({ path, retryStrategy: () => 20, maxRetriesPerRequest: null })
  // It connects again by itself, and waits for that with all that it was asked.
  client.on('error', () => {})
  t.teardown(() => client.disconnect())
  return client
}

/** A cluster of one node, which refuses keys of two slots in one script as any other does. */
export async function startCluster (t: Test): Promise<Cluster> {
  const [port, bus] = [await freePort(), await freePort()]
  const server = await startRedis(t, { args: ['--bind', '127.0.0.1', '--port', `${port}`, '--cluster-enabled', 'yes', '--cluster-port', `${bus}`, '--cluster-announce-ip', '127.0.0.1'] })
  const direct = redisClient(t, server.path)
  await direct.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383')
  while (!String(await direct.call('CLUSTER', 'INFO')).includes('cluster_state:ok')) await new Promise(resolve => { setTimeout(resolve, 10) })
  const cluster = new Cluster([{ host: '127.0.0.1', port }])
  t.teardown(() => cluster.disconnect())
  await once(cluster, 'ready')
  return cluster
}

async function freePort (): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
