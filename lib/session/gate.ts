import type { Translation } from '../dialect/translation.ts'
import type { GatewayError } from '../errors.ts'
import type { ClientRule } from './model-rule.ts'
import { createPeek, renamePeeked } from '../wire/json/peek.ts'
import { turnEvents } from './turns.ts'
import type { Turns } from './turns.ts'

/** What is sent in place of a message that does not pass as it came. */
export interface Replacement {
  /** To where it was going. */
  readonly onward: readonly Buffer[]
  /** To where it came from. */
  readonly back: readonly Buffer[]
  /** The session ends with this. */
  readonly fatal?: GatewayError
}

/** What decides about each message of one peer. */
export interface Gate {
  /** Whether the message passes as it came, or, where `live`, as it has been changed in place. */
  admit (text: Buffer, live: boolean): boolean
  /** What becomes of the message that was just not admitted. */
  take (text: Buffer): Replacement
}

/** @returns `undefined` where everything passes unread */
export function createClientGate (rule: ClientRule | undefined, translation: Translation | undefined): Gate | undefined {
  if (rule === undefined && translation === undefined) return undefined
  const translatable = translation && createPeek(translation.up.types)
  let opened = translation === undefined
  let refused = false
  let type: string | undefined
  let before: readonly string[] = []

  return {
    admit (text) {
      refused = rule?.admits(text) === false
      if (refused || translation === undefined) return !refused
      type = translatable!(text)
      if (!opened) ({ texts: before, done: opened } = translation.opening(type))
      else if (before.length > 0) before = []
      return before.length === 0 && (type === undefined || translation.up.nameOf(type) === type)
    },
    take (text) {
      if (refused) {
        const { error, last } = rule!.refusal(text)
        return last ? { onward: [], back: [], fatal: error } : { onward: [], back: [json(error.toEvent())] }
      }
      const { onward = [text], back = [] } = type === undefined ? {} : buffers(translation!.up.translate(text))
      return { onward: [...before.map(buffer), ...onward], back }
    }
  }
}

/** Follows the turns of the session beside what it decides. */
export function createUpstreamGate (turns: Turns, translation: Translation | undefined): Gate {
  if (translation === undefined) {
    const peek = peekTurns
    return {
      admit (text) {
        turns.see(peek(text), text)
        return true
      },
      take: () => ({ onward: [], back: [] })
    }
  }
  const { down } = translation
  const translated = new Set(down.types)
  const peek = createPeek([...translated, ...turnEvents])
  return {
    admit (text, live) {
      const type = peek(text)
      const name = type === undefined || !translated.has(type) ? type : down.nameOf(type)
      if (name !== type && (name === undefined || !live || !renamePeeked(text, name))) return false
      turns.see(name, text)
      return true
    },
    take (text) {
      const { onward = [text], back = [] } = buffers(down.translate(text))
      for (const each of onward) turns.see(peekTurns(each), each)
      return { onward, back }
    }
  }
}

const peekTurns = createPeek(turnEvents)

function buffers (rewritten: { readonly onward: readonly string[], readonly back: readonly string[] } | undefined): Partial<Replacement> {
  return rewritten === undefined ? {} : { onward: rewritten.onward.map(buffer), back: rewritten.back.map(buffer) }
}

function buffer (text: string): Buffer {
  return Buffer.from(text)
}

function json (value: unknown): Buffer {
  return buffer(JSON.stringify(value))
}
