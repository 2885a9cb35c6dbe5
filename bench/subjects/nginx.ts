import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freePort, versionOf } from '../process.ts'
import { startProgram } from './program.ts'
import type { Subject } from './subject.ts'

export const nginx: Subject = {
  name: 'nginx',
  label: 'nginx',
  missing: async () => await versionOf('nginx', '-v') === undefined ? 'nginx is not installed' : undefined,
  async start (route) {
    const port = await freePort()
    await mkdir(join(route.directory, 'temp'), { recursive: true })
    const file = join(route.directory, 'nginx.conf')
    await writeFile(file, configuration(port, route.url))
    return startProgram(route, port, 'nginx', ['-p', route.directory, '-c', file, '-e', 'stderr'])
  }
}

// The documented WebSocket set-up with one worker; only the log and the time limits differ from it.
function configuration (port: number, upstreamUrl: string): string {
  const upstream = new URL(upstreamUrl)
  return `
daemon off;
worker_processes 1;
worker_rlimit_nofile 20000;
pid nginx.pid;
error_log stderr error;
events { worker_connections 16384; }
http {
  access_log off;
  client_body_temp_path temp; proxy_temp_path temp; fastcgi_temp_path temp; uwsgi_temp_path temp; scgi_temp_path temp;
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / {
      proxy_pass ${upstream.protocol === 'wss:' ? 'https' : 'http'}://${upstream.host};
      proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection "upgrade";
      proxy_ssl_protocols TLSv1.2 TLSv1.3;
      proxy_ssl_verify off;
      proxy_read_timeout 1h;
      proxy_send_timeout 1h;
    }
  }
}
`
}
