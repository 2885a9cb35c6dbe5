import type { Answer, RealtimeEvent, Translated } from '../../types/index.ts'

// `Array.isArray` does not narrow a union with a readonly array.
export function isList (translated: Translated): translated is ReadonlyArray<RealtimeEvent | Answer> {
  return Array.isArray(translated)
}

export function isAnswer (each: RealtimeEvent | Answer): each is Answer {
  return !('type' in each)
}
