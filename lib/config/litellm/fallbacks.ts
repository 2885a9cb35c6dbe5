import type { RoutingOptions } from '../../../types/index.ts'
import { fault, isMapping } from './field.ts'
import type { Field } from './field.ts'
import type { Reader } from './reader.ts'
import type { RouterSettings } from './router-settings.ts'
import type { Warnings } from './warnings.ts'

/** LiteLLM's default number of retries in a group. With the first try that is 4, the gateway's default of `maxCandidates`. */
const defaultRetries = 3

// The most that the option takes.
const mostCandidates = 100

/** The public models of the gateway, as fallbacks may name them. */
interface PublicModels {
  /** Whether somebody serves the name, an alias included. */
  readonly serves: (name: string) => boolean
  readonly aliases: ReadonlyMap<string, string>
}

/**
 * LiteLLM's fallbacks and retries. There a fallback that fails goes on with its own fallbacks, down to a depth of `max_fallbacks`. Here each
 * model has one flat list, so each list is written out in the order in which LiteLLM would try them.
 */
export function readFallbacks (settings: RouterSettings, models: PublicModels, reader: Reader, warnings: Warnings): Pick<RoutingOptions, 'fallbacks' | 'defaultFallbacks' | 'maxCandidates'> {
  const { retries, maxFallbacks } = settings
  const lists = new Map<string, readonly string[]>()
  let everywhere: readonly string[] | undefined
  for (const [name, field] of sources(settings.fallbacks, reader)) {
    if (name === '*') {
      everywhere = served(field)
    } else if (!models.serves(name)) {
      // A proxy's file is full of fallbacks between chat models.
      warnings.add('skipped', field, 'is skipped: no realtime deployment serves the model')
    } else {
      const model = canonical(name)
      // As in LiteLLM the first entry counts.
      if (!lists.has(model)) lists.set(model, served(field))
    }
  }
  // LiteLLM appends the default ones as those of `*`, behind any other.
  const byDefault = settings.defaultFallbacks === undefined ? everywhere : served(settings.defaultFallbacks)

  const fallbacks = Object.fromEntries(Array.from(lists, ([model, list]) => [model, walk(list, new Set([model]))]))
  const defaultFallbacks = walk(byDefault ?? [], new Set())
  const longest = Math.max(defaultFallbacks.length, ...Object.values(fallbacks).map(({ length }) => length))
  return {
    ...(lists.size > 0 && { fallbacks }),
    ...(defaultFallbacks.length > 0 && { defaultFallbacks }),
    // The tries of each group, for all groups that a session may come to.
    ...((retries !== undefined || longest > 0) && { maxCandidates: Math.min(mostCandidates, (1 + (retries ?? defaultRetries)) * (1 + longest)) })
  }

  function canonical (name: string): string {
    return models.aliases.get(name) ?? name
  }

  function served (field: Field): string[] {
    return (reader.list(field) ?? []).flatMap(item => {
      if (isMapping(item.value)) {
        warnings.add('left_out', item, 'is more than a model name, which no file can give a session here; the fallback is left out')
        return []
      }
      const name = reader.text(item)
      if (name === undefined) throw fault(item, 'must be a text, not nothing')
      if (models.serves(name)) return [name]
      warnings.add('left_out', item, `names ${name}, which no realtime deployment serves; the fallback is left out`)
      return []
    })
  }

  function walk (list: readonly string[], seen: Set<string>, depth = 0): string[] {
    if (depth >= maxFallbacks) return []
    return list.flatMap(name => {
      const model = canonical(name)
      if (seen.has(model)) return []
      seen.add(model)
      return [name, ...walk(lists.get(model) ?? byDefault ?? [], seen, depth + 1)]
    })
  }
}

/** `[{ group: [groups] }, …]` as pairs. */
function sources (field: Field | undefined, reader: Reader): Array<[string, Field]> {
  return (reader.list(field) ?? []).flatMap(item => {
    const fields = reader.map(item)
    if (fields === undefined) throw fault(item, 'must be a mapping, not nothing')
    return [...fields]
  })
}
