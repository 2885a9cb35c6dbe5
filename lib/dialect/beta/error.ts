import { isFields } from '../fields.ts'
import { withParam } from '../params.ts'
import type { PathPairs } from '../params.ts'
import type { RealtimeEvent } from '../../../types/index.ts'
import { replace } from './fields.ts'
import { responseParamPaths, sessionPaths } from './field-paths.ts'
import type { FieldPath } from './field-paths.ts'

const toBeta: PathPairs = [...pairs('session', sessionPaths), ...pairs('response', responseParamPaths)]
const toGa: PathPairs = toBeta.map(([ga, beta]) => [beta, ga])

function pairs (part: string, paths: readonly FieldPath[]): PathPairs {
  // A format is a text in beta (`pcm16`) and an object in GA, whose `type` and `rate` have no path in beta.
  return paths.map(({ beta, ga }) => [`${part}.${ga.join('.')}`, `${part}.${beta}`, ga.at(-1) === 'format' ? 'whole' : undefined])
}

/** An `error` event that names the field at fault as the reader of the event knows it. */
export function errorIn (shape: 'beta' | 'ga', event: RealtimeEvent): RealtimeEvent {
  const error = event['error']
  return isFields(error) ? replace(event, 'error', withParam(shape === 'ga' ? toGa : toBeta, error)) : event
}
