import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freePort, versionOf } from '../process.ts'
import { startProgram } from './program.ts'
import type { Subject } from './subject.ts'

export const haproxy: Subject = {
  name: 'haproxy',
  label: 'HAProxy',
  missing: async () => await versionOf('haproxy', '-v') === undefined ? 'haproxy is not installed' : undefined,
  async start (route) {
    const port = await freePort()
    const file = join(route.directory, 'haproxy.cfg')
    await writeFile(file, configuration(port, route.url))
    return startProgram(route, port, 'haproxy', ['-db', '-f', file])
  }
}

function configuration (port: number, upstreamUrl: string): string {
  const upstream = new URL(upstreamUrl)
  return `
global
  nbthread 1
  maxconn 9000
defaults
  mode http
  timeout connect 5s
  timeout client 1h
  timeout server 1h
  timeout tunnel 1h
frontend bench
  bind 127.0.0.1:${port} backlog 4096
  default_backend upstream
backend upstream
  server upstream ${upstream.host}${upstream.protocol === 'wss:' ? ' ssl verify none' : ''}
`
}
