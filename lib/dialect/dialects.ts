import { betaClient } from './beta/client.ts'
import { betaUpstream } from './beta/upstream.ts'
import type { ProvenDialect } from './evidence.ts'
import { createPair } from './translation.ts'
import type { Pair, Translation } from './translation.ts'
import { undecidedClient } from './undecided.ts'
import { xaiClient } from './xai/client/dialect.ts'
import { xaiUpstream } from './xai/upstream/dialect.ts'
import { openaiVoices, xaiVoices } from './xai/voices.ts'
import type { Dialect, DialectContext, DialectName, DialectOptions } from '../../types/index.ts'

/** Finds the translation for a session. */
export interface Dialects {
  /**
   * @param client what the client speaks. Default: the option's
   * @param upstream what its provider speaks; `undefined`: the same as the client
   * @param context of the session
   * @returns `undefined` where both speak the same
   */
  between (client: DialectName | undefined, upstream: DialectName | Dialect | undefined, context: SessionContext): Translation | undefined
  /**
   * The same, for a client that may still prove what it speaks.
   * @param settled the client's dialect where it is known already. Default: what the client proves, and until then the option's
   */
  choose (settled: DialectName | undefined, upstream: DialectName | Dialect | undefined, context: SessionContext): DialectChoice
}

type SessionContext = Pick<DialectContext, 'attached' | 'resumes' | 'adjusted'>

/** How the events of a client and an upstream are translated. */
export interface DialectChoice {
  /** Absent: as far as is known, both speak the same. */
  readonly translation: Translation | undefined
  /** Gives the translation for the dialect that the client has proved. What is remembered of the upstream is kept. Absent: the dialect is settled. */
  readonly prove?: ((dialect: ProvenDialect, before: Translation | undefined) => Translation | undefined) | undefined
}

// Everything is translated through GA, so a GA client needs no dialect.
const clients: Readonly<Record<DialectName, Dialect | undefined>> = { openai: undefined, beta: betaClient, xai: xaiClient }
const upstreams: Readonly<Record<DialectName, Dialect | undefined>> = { openai: undefined, beta: betaUpstream, xai: xaiUpstream }

export function createDialects (options: DialectOptions = {}): Dialects {
  const { client: silent = 'openai', strict = false } = options
  const voices = {
    xai: { ...xaiVoices, ...options.xaiVoices },
    openai: { ...openaiVoices, ...options.openaiVoices }
  }
  const pairs = new WeakMap<Dialect, Map<DialectName, Pair | undefined>>()

  /** A pair is compiled once: an adapter gives the same dialect object for every session. */
  function pairOf (client: DialectName, upstream: Dialect | undefined): Pair | undefined {
    const known = pairs.get(upstream ?? ga) ?? new Map<DialectName, Pair | undefined>()
    pairs.set(upstream ?? ga, known)
    if (!known.has(client)) known.set(client, createPair(clients[client], upstream))
    return known.get(client)
  }

  function between (said: DialectName | undefined, upstream: DialectName | Dialect | undefined, context: SessionContext, before?: Translation): Translation | undefined {
    if (upstream === undefined) return undefined
    const dialect = typeof upstream === 'string' ? upstreams[upstream] : upstream
    const pair = pairOf(said ?? silent, dialect)
    return pair?.({ strict, voices: dialect?.name === 'xai' ? voices.xai : voices.openai, ...context }, before?.upstreamState)
  }

  return {
    between: (said, upstream, context) => between(said, upstream, context),
    choose (settled, upstream, context) {
      const translation = between(settled, upstream, context)
      // xAI's shape shares fields with both of OpenAI's: where xAI's is expected, they prove nothing.
      if (settled !== undefined || upstream === undefined || silent === 'xai') return { translation }
      return {
        translation: translation ?? (upstream === 'openai' ? undecided : undefined),
        prove: (dialect, before) => between(dialect, upstream, context, before)
      }
    }
  }
}

// It remembers nothing of a session, so one serves them all.
const undecided = createPair(undecidedClient, undefined)?.({ strict: false, voices: {}, adjusted () {} })

/** Stands for GA among the providers' dialects. */
const ga: Dialect = { name: 'openai', start: () => undefined, clientToUpstream: {}, upstreamToClient: {} }
