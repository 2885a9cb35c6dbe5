import { createRequire } from 'node:module'
import { arch, cpus, platform, release, totalmem } from 'node:os'
import { versionOf } from './process.ts'

export interface Machine {
  readonly processor: string
  readonly processors: number
  readonly memoryGiB: number
  readonly system: string
  readonly versions: Readonly<Record<string, string>>
}

/** What a reader must know to compare figures with those of another machine. */
export async function machine (): Promise<Machine> {
  const number = (text: string | undefined): string => /\d+\.\d+(\.\d+)?/.exec(text ?? '')?.[0] ?? 'not installed'
  const require = createRequire(import.meta.url)
  return {
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    processors: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${platform()} ${number(release())} ${arch()}`,
    versions: {
      node: process.versions.node,
      ws: (require('ws/package.json') as { version: string }).version,
      nginx: number(await versionOf('nginx', '-v')),
      haproxy: number(await versionOf('haproxy', '-v'))
    }
  }
}
