import type { DialectChoice } from '../../dialect/dialects.ts'
import { evidenceOf, tellingEvents } from '../../dialect/evidence.ts'
import type { Rewritten, Way } from '../../dialect/translation.ts'
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
  let { translation, prove } = choice
  let up = setOf(translation?.up.types)
  let down = setOf(translation?.down.types)
  let opened = false
  // Plain fields that are set anew, for each session has these objects: a literal with getters is several times as large.
  const client = { types: none, others: false, skims: true, handle: fromClient }
  const upstream = { types: none, handle: fromUpstream }
  tellWants()

  function tellWants (): void {
    const types = translation?.up.types ?? none
    client.types = prove === undefined ? types : [...types, ...tellingEvents]
    client.others = translation !== undefined && !opened
    client.skims = !client.others && !up.has('input_audio_buffer.append')
    upstream.types = translation?.down.types ?? none
  }

  /** The first proof settles the client's dialect, for this very event too. */
  function look (message: StageMessage): void {
    if (prove === undefined || !tellingEvents.includes(message.type ?? '')) return
    const event = message.event()
    const dialect = event && evidenceOf(event)
    if (dialect === undefined) return
    translation = prove(dialect, translation)
    prove = undefined
    up = setOf(translation?.up.types)
    down = setOf(translation?.down.types)
    tellWants()
    changed()
  }

  /** The dialect is asked with each event of the client what the provider must hear before it, until it has no more to say. */
  function opening (type: string | undefined): readonly Buffer[] {
    if (opened || translation === undefined) return []
    const { texts, done } = translation.opening(type)
    opened = done
    if (done) {
      // From now on only the events that are translated are wanted.
      tellWants()
      changed()
    }
    return texts.map(text => Buffer.from(text))
  }

  function fromClient (message: StageMessage): Replacement | undefined {
    look(message)
    const type = up.has(message.type) ? message.type : undefined
    const before = opening(type)
    const replacement = type === undefined ? undefined : translate(message, type, translation!.up)
    if (before.length === 0) return replacement
    const { onward, back = [] } = replacement ?? { onward: [Buffer.from(message.payload)] }
    return { onward: [...before, ...onward], back }
  }

  function fromUpstream (message: StageMessage): Replacement | undefined {
    return down.has(message.type) ? translate(message, message.type!, translation!.down) : undefined
  }

  return {
    client,
    upstream,
    toUpstream: text => translation?.up.translate(Buffer.from(text))?.onward ?? [text]
  }
}

const none: readonly string[] = []
const sets = new WeakMap<readonly string[], ReadonlySet<string | undefined>>()

/** Types as a set, for look-up. All sessions of a pair of dialects have the same list, and share its set. */
function setOf (types: readonly string[] = none): ReadonlySet<string | undefined> {
  const known = sets.get(types)
  if (known !== undefined) return known
  const set = new Set(types)
  sets.set(types, set)
  return set
}

function translate (message: StageMessage, type: string, way: Way): Replacement | undefined {
  const name = way.nameOf(type)
  if (name === type || (name !== undefined && message.rename(name))) return undefined
  return message.isText() ? buffers(way.translate(message.payload)) : undefined
}

function buffers (rewritten: Rewritten | undefined): Replacement | undefined {
  return rewritten && { onward: rewritten.onward.map(text => Buffer.from(text)), back: rewritten.back.map(text => Buffer.from(text)) }
}
