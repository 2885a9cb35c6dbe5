import { GatewayError } from '../errors.ts'
import { isName } from './fields.ts'
import { readEvent, writeEvent } from '../wire/json/event.ts'
import { isAnswer, isList } from './translated.ts'
import type { Dialect, DialectContext, EventFunction, EventTable, RealtimeEvent } from '../../types/index.ts'

/** What is sent in place of a message, as JSON texts in order. */
export interface Rewritten {
  /** To where the message was going. */
  readonly onward: readonly string[]
  /** To where it came from. */
  readonly back: readonly string[]
}

/** One direction of a session. */
export interface Way {
  /** The types of the events that may be changed. */
  readonly types: readonly string[]
  /**
   * The type of an event on the other side, where at most its type changes. The same type: it passes as it came. `undefined`: it has to be
   * translated.
   */
  nameOf (type: string): string | undefined
  /** @returns `undefined` where the message passes as it came: nothing of it changes, or it cannot be translated. */
  translate (text: Buffer): Rewritten | undefined
}

/** The translation of one session. */
export interface Translation {
  readonly up: Way
  readonly down: Way
  /** What is remembered of the upstream, for a translation that replaces this one. */
  readonly upstreamState: unknown
  /**
   * What goes to the provider before a message of the client's. `done`: there is no more to ask.
   * @param type of the client's event, where it is one of `up.types`
   */
  opening (type: string | undefined): { readonly texts: readonly string[], readonly done: boolean }
}

/** A pair of dialects, read once for all its sessions. */
export interface Pair {
  /** @param upstreamState that of the translation which this one replaces; absent: the session begins */
  (context: DialectContext, upstreamState?: unknown): Translation
}

interface Hop {
  readonly dialect: Dialect
  readonly state: unknown
}

type Direction = 'clientToUpstream' | 'upstreamToClient'

/**
 * Brings a client and a provider together through OpenAI's GA shape.
 * @param client absent: the client speaks GA
 * @param upstream absent: the provider does
 * @returns `undefined` where nothing is to be translated
 */
export function createPair (client: Dialect | undefined, upstream: Dialect | undefined): Pair | undefined {
  if (client?.name === upstream?.name) return undefined
  const dialects = [client, upstream].filter(dialect => dialect !== undefined)
  const types = {
    clientToUpstream: changingTypes(dialects.map(dialect => dialect.clientToUpstream)),
    upstreamToClient: changingTypes(dialects.map(dialect => dialect.upstreamToClient).reverse())
  }

  return (context, upstreamState) => {
    // From the client to the provider.
    const hops = dialects.map(dialect => ({ dialect, state: dialect === upstream && upstreamState !== undefined ? upstreamState : dialect.start(context) }))
    const way = (direction: Direction): Way => {
      const path = direction === 'clientToUpstream' ? hops : [...hops].reverse()
      return {
        types: types[direction],
        nameOf: type => path.reduce<string | undefined>((name, hop) => name && nextName(name, hop, direction), type),
        translate: text => translate(text, direction, path)
      }
    }
    return {
      up: way('clientToUpstream'),
      down: way('upstreamToClient'),
      upstreamState: hops.find(({ dialect }) => dialect === upstream)?.state,
      opening (type) {
        const texts: string[] = []
        let done = true
        hops.forEach(({ dialect, state }, i) => {
          try {
            const first = dialect.opening === undefined ? [] : dialect.opening(type, state)
            if (first === undefined) done = false
            for (const event of first ?? []) texts.push(...onwards(event, hops.slice(i + 1), 'clientToUpstream').map(writeEvent))
          } catch {
            // A host's dialect that throws must not end the process: then nothing is sent before the event.
          }
        })
        return { texts, done }
      }
    }
  }
}

/** The types of events that any table of a chain changes. */
function changingTypes (tables: ReadonlyArray<EventTable<unknown>>): readonly string[] {
  return [...new Set(tables.flatMap(table => Object.keys(table)))].filter(type => {
    const name = tables.reduce<string | undefined>((name, table) => {
      const entry: unknown = name !== undefined && Object.hasOwn(table, name) ? table[name] : name
      return typeof entry === 'string' ? entry : undefined
    }, type)
    return name !== type
  })
}

/** The type of an event behind a hop that changes only its type; `undefined` where the hop has to read it. */
function nextName (type: string, { dialect, state }: Hop, direction: Direction): string | undefined {
  const table = dialect[direction]
  if (!Object.hasOwn(table, type) || passes(dialect, type, state)) return type
  const entry = table[type]
  return typeof entry === 'string' ? entry : undefined
}

function passes (dialect: Dialect, type: string, state: unknown): boolean {
  try {
    return dialect.passes?.(type, state) === true
  } catch {
    return false
  }
}

function translate (text: Buffer, direction: Direction, path: readonly Hop[]): Rewritten | undefined {
  const read = readEvent(text.toString())
  if (read === undefined) return undefined
  const back: RealtimeEvent[] = []
  try {
    let events: readonly RealtimeEvent[] = [read]
    path.forEach((hop, i) => {
      // The answer of a hop goes back through the hops that the event has passed.
      const behind = path.slice(0, i).reverse()
      const answer = (event: RealtimeEvent): void => { back.push(...onwards(event, behind, opposite(direction))) }
      events = events.flatMap(event => step(event, hop, direction, answer))
    })
    if (events.length === 1 && events[0] === read && back.length === 0) return undefined
    return { onward: events.map(writeEvent), back: back.map(writeEvent) }
  } catch {
    // It is nested too deeply to be written again, or has a shape that nobody expects: the other side may judge it.
    return undefined
  }
}

/** What an event becomes in the hops that it has still to pass. Answers are dropped here. */
function onwards (event: RealtimeEvent, path: readonly Hop[], direction: Direction): readonly RealtimeEvent[] {
  return path.reduce<readonly RealtimeEvent[]>((events, hop) => events.flatMap(event => step(event, hop, direction, () => {})), [event])
}

function step (event: RealtimeEvent, hop: Hop, direction: Direction, answer: (event: RealtimeEvent) => void): readonly RealtimeEvent[] {
  const name = nextName(event.type, hop, direction)
  if (name !== undefined) return name === event.type ? [event] : [{ ...event, type: name }]
  const { dialect, state } = hop
  const entry = dialect[direction][event.type] as EventFunction<unknown>
  try {
    const translated = entry(event, state)
    const onward: RealtimeEvent[] = []
    for (const each of isList(translated) ? translated : translated === undefined ? [] : [translated]) {
      if (isAnswer(each)) answer(each.answer)
      else onward.push(each)
    }
    return onward
  } catch (error) {
    if (!(error instanceof GatewayError) || direction !== 'clientToUpstream') throw error
    const { code, message, param } = error
    const eventId = error.eventId ?? (isName(event.event_id) ? event.event_id : undefined)
    answer({ ...new GatewayError(code, { message, param: param ?? undefined, eventId }).toEvent() })
  }
  return []
}

function opposite (direction: Direction): Direction {
  return direction === 'clientToUpstream' ? 'upstreamToClient' : 'clientToUpstream'
}
