import type { Utterance } from './input-audio.ts'

/** An item as it goes over the wire; `id` and `type` are always there. */
export interface WireItem {
  id: string
  type: string
  role?: string
  status?: string
  content?: ContentPart[]
  call_id?: string
  name?: string
  arguments?: string
  output?: string
  [field: string]: unknown
}

export interface ContentPart {
  type: string
  text?: string
  transcript?: string | null
  audio?: string
  [field: string]: unknown
}

/** What the simulator knows of an item beside what it shows. */
export interface Entry {
  readonly wire: WireItem
  /** The user's audio; only the latest turns keep theirs. */
  utterance?: Utterance
  /** What the user said, or what the assistant answered, as text. */
  said: string
  /** Length of the item's audio in milliseconds; 0 when it has none. */
  audioMs: number
  /** Whether a later item may refer to it: a function call is known before it is finished. */
  finished: boolean
}

/** The items of a session, in order. */
export interface Conversation {
  readonly entries: readonly Entry[]
  find (id: unknown): Entry | undefined
  /** The id of the item before this one, `null` for the first. */
  previous (id: string): string | null
  readonly lastId: string | null
  /**
   * Adds an item at the end, in front (`root`) or behind another one.
   * @returns `undefined` when the item to stand behind does not exist.
   */
  add (entry: Entry, after?: unknown): Entry | undefined
  remove (id: unknown): boolean
}

const KEEP_UTTERANCES = 8

export function createConversation (): Conversation {
  const entries: Entry[] = []
  return {
    entries,
    find: id => entries.find(entry => entry.wire.id === id),
    previous (id) {
      const index = entries.findIndex(entry => entry.wire.id === id)
      return entries[index - 1]?.wire.id ?? null
    },
    get lastId () { return entries.at(-1)?.wire.id ?? null },
    add (entry, after) {
      if (after === undefined || after === null) {
        entries.push(entry)
      } else {
        const index = after === 'root' ? -1 : entries.findIndex(({ wire }) => wire.id === after)
        if (index === -1 && after !== 'root') return undefined
        entries.splice(index + 1, 0, entry)
      }
      const heard = entries.filter(({ utterance }) => utterance)
      for (const old of heard.slice(0, -KEEP_UTTERANCES)) delete old.utterance
      return entry
    },
    remove (id) {
      const index = entries.findIndex(entry => entry.wire.id === id)
      if (index === -1) return false
      entries.splice(index, 1)
      return true
    }
  }
}

/** The text of an item's parts, whatever their kind. */
export function textOf (item: WireItem): string {
  if (item.type === 'function_call_output') return item.output ?? ''
  return (item.content ?? []).map(part => part.text ?? part.transcript ?? '').join(' ').trim()
}
