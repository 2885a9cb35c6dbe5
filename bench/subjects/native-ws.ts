import { createRequire } from 'node:module'
import { startNode } from './node.ts'
import type { Subject } from './subject.ts'

/** The plain relay with the native masking that `ws` picks up where it is installed. */
export const nativeWs: Subject = {
  name: 'native-ws',
  label: 'plain ws relay + bufferutil',
  async missing () {
    try {
      createRequire(import.meta.url).resolve('bufferutil')
      return undefined
    } catch {
      return 'bufferutil is not installed'
    }
  },
  start: (route) => startNode(route, { file: 'ws.mjs', args: ['plain'], native: true })
}
