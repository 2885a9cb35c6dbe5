import { OPCODE } from '../fixtures/wire/frames.ts'
import type { End } from './end.ts'
import type { IllegalFrame } from './plan.ts'

/** Sends a frame that RFC 6455 forbids, and one after it that must never arrive. */
export function sendIllegal (end: End, what: IllegalFrame, masks: boolean): void {
  switch (what) {
    case 'wrong-mask': end.frame(OPCODE.text, 'x', { masked: !masks }); break
    case 'reserved-bit': end.frame(OPCODE.text, 'x', { rsv: 4 }); break
    case 'reserved-opcode': end.frame(3, 'x'); break
    case 'long-ping': end.frame(OPCODE.ping, Buffer.alloc(126)); break
    case 'fragmented-ping': end.frame(OPCODE.ping, 'x', { fin: false }); break
    case 'lone-continuation': end.frame(OPCODE.continuation, 'x'); break
    case 'close-1006': end.frame(OPCODE.close, Buffer.from([0x03, 0xee])); break
    case 'close-one-byte': end.frame(OPCODE.close, Buffer.from([0x03])); break
    case 'close-utf8': end.frame(OPCODE.close, Buffer.from([0x03, 0xe8, 0xff])); break
  }
  end.frame(OPCODE.text, '{"type":"too.late"}')
}
