import type { Rewritten, Translation, Way } from '../../dialect/translation.ts'
import type { Replacement, Stage, StageMessage } from '../../../types/index.ts'

/** The two ends of a translation, one in each direction. */
export interface DialectStages {
  readonly client: Stage
  readonly upstream: Stage
}

/** Brings a client and an upstream of different dialects together. */
export function createDialectStages (translation: Translation): DialectStages {
  const { up, down } = translation
  const upTypes = new Set(up.types)
  const downTypes = new Set(down.types)
  let opened = false

  return {
    client: {
      types: up.types,
      // What must be said before the client's first event is asked for with every event, whatever its type, until it is said.
      get others () {
        return !opened
      },
      handle (message) {
        const type = upTypes.has(message.type ?? '') ? message.type : undefined
        const opening = opened ? { texts: [], done: true } : translation.opening(type)
        opened = opening.done
        const before = opening.texts.map(text => Buffer.from(text))
        const replacement = type === undefined ? undefined : translate(message, type, up)
        if (before.length === 0) return replacement
        const { onward, back } = replacement ?? { onward: [Buffer.from(message.payload)] }
        return { onward: [...before, ...onward], ...(back !== undefined && { back }) }
      }
    },
    upstream: {
      types: down.types,
      handle: message => downTypes.has(message.type ?? '') ? translate(message, message.type!, down) : undefined
    }
  }
}

function translate (message: StageMessage, type: string, way: Way): Replacement | undefined {
  const name = way.nameOf(type)
  if (name === type || (name !== undefined && message.rename(name))) return undefined
  return message.isText() ? buffers(way.translate(message.payload)) : undefined
}

function buffers (rewritten: Rewritten | undefined): Replacement | undefined {
  return rewritten && { onward: rewritten.onward.map(text => Buffer.from(text)), back: rewritten.back.map(text => Buffer.from(text)) }
}
