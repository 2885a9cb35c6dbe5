import type { DialectChoice } from '../../dialect/dialects.ts'
import { evidenceOf, tellingEvents } from '../../dialect/evidence.ts'
import type { Rewritten, Translation, Way } from '../../dialect/translation.ts'
import type { Replacement, Stage, StageMessage } from '../../../types/index.ts'

/** The two ends of a translation, one in each direction. */
interface DialectStages {
  readonly client: Stage
  readonly upstream: Stage
  /** An event of our own for the upstream, in its words. */
  toUpstream (text: string): readonly string[]
}

/** @param changed called when the stages want other types than before */
export function createDialectStages (choice: DialectChoice, changed: () => void): DialectStages {
  let { prove } = choice
  let current = tables(choice.translation)
  let opened = false

  /** The first proof settles the client's dialect, for this very event too. */
  function look (message: StageMessage): void {
    if (prove === undefined || !tellingEvents.includes(message.type ?? '')) return
    const event = message.event()
    const dialect = event && evidenceOf(event)
    if (dialect === undefined) return
    current = tables(prove(dialect, current.translation))
    prove = undefined
    changed()
  }

  /** The dialect is asked with each event of the client what the provider must hear before it, until it has no more to say. */
  function opening (type: string | undefined): readonly Buffer[] {
    if (opened || current.translation === undefined) return []
    const { texts, done } = current.translation.opening(type)
    opened = done
    // From now on only the events that are translated are wanted.
    if (done) changed()
    return texts.map(text => Buffer.from(text))
  }

  return {
    client: {
      get types () {
        return [...current.translation?.up.types ?? [], ...prove === undefined ? [] : tellingEvents]
      },
      get others () {
        return current.translation !== undefined && !opened
      },
      get skims () {
        return !current.up.has('input_audio_buffer.append') && (opened || current.translation === undefined)
      },
      handle (message) {
        look(message)
        const type = current.up.has(message.type) ? message.type : undefined
        const before = opening(type)
        const replacement = type === undefined ? undefined : translate(message, type, current.translation!.up)
        if (before.length === 0) return replacement
        const { onward, back = [] } = replacement ?? { onward: [Buffer.from(message.payload)] }
        return { onward: [...before, ...onward], back }
      }
    },
    upstream: {
      get types () {
        return current.translation?.down.types ?? []
      },
      handle (message) {
        return current.down.has(message.type) ? translate(message, message.type!, current.translation!.down) : undefined
      }
    },
    toUpstream: text => current.translation?.up.translate(Buffer.from(text))?.onward ?? [text]
  }
}

/** A translation with its types as sets, for look-up. */
interface Tables {
  readonly translation: Translation | undefined
  readonly up: ReadonlySet<string | undefined>
  readonly down: ReadonlySet<string | undefined>
}

function tables (translation: Translation | undefined): Tables {
  return { translation, up: new Set(translation?.up.types), down: new Set(translation?.down.types) }
}

function translate (message: StageMessage, type: string, way: Way): Replacement | undefined {
  const name = way.nameOf(type)
  if (name === type || (name !== undefined && message.rename(name))) return undefined
  return message.isText() ? buffers(way.translate(message.payload)) : undefined
}

function buffers (rewritten: Rewritten | undefined): Replacement | undefined {
  return rewritten && { onward: rewritten.onward.map(text => Buffer.from(text)), back: rewritten.back.map(text => Buffer.from(text)) }
}
