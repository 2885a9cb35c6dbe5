import { direct } from './direct.ts'
import { gateway } from './gateway.ts'
import { haproxy } from './haproxy.ts'
import { nativeWs } from './native-ws.ts'
import { nginx } from './nginx.ts'
import { parseStringify } from './parse-stringify.ts'
import { plainWs } from './plain-ws.ts'
import { tunnel } from './tunnel.ts'
import type { Subject } from './subject.ts'

/** In the order of the table. */
export const subjects: readonly Subject[] = [direct, parseStringify, plainWs, nativeWs, gateway, tunnel, nginx, haproxy]
