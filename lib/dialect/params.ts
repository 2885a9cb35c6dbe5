import type { Fields } from './fields.ts'

/**
 * A field by its path in two shapes: `['session.audio.output.voice', 'session.voice']`. `whole`: the other shape has a text there, so that
 * nothing within it has a path of its own.
 */
export type PathPairs = ReadonlyArray<readonly [from: string, to: string, within?: 'whole']>

/** The path in the other shape of a field, or of what lies within it (`.threshold`, `[0]`). What `paths` does not know stays. */
function paramIn (paths: PathPairs, param: string): string {
  const pair = paths.find(([from]) => param.startsWith(from) && /^(?:$|[.[])/.test(param.slice(from.length)))
  if (pair === undefined) return param
  const [from, to, within] = pair
  return within === 'whole' ? to : to + param.slice(from.length)
}

/** An error whose `param` names the field as its reader knows it, and its `message` too. */
export function withParam (paths: PathPairs, error: Fields): Fields {
  const { param, message } = error
  if (typeof param !== 'string') return error
  const known = paramIn(paths, param)
  if (known === param) return error
  if (typeof message !== 'string') return { ...error, param: known }
  // The path of another field may begin with the same text.
  const told = message.replaceAll(param, (said: string, at: number) => /\w/.test(message.charAt(at + param.length)) ? said : known)
  return { ...error, message: told, param: known }
}
