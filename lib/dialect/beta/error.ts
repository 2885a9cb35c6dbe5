import { isFields } from '../fields.ts'
import { withParam } from '../params.ts'
import type { PathPairs } from '../params.ts'
import type { RealtimeEvent } from '../../../types/index.ts'
import { replace } from './fields.ts'
import { responseParamPaths, sessionPaths } from './field-paths.ts'

const toBeta: PathPairs = [
  ...sessionPaths.map(({ beta, ga }) => [`session.${ga.join('.')}`, `session.${beta}`] as const),
  ...responseParamPaths.map(({ beta, ga }) => [`response.${ga.join('.')}`, `response.${beta}`] as const)
]
const toGa: PathPairs = toBeta.map(([ga, beta]) => [beta, ga])

/** An `error` event that names the field at fault as the reader of the event knows it. */
export function errorIn (shape: 'beta' | 'ga', event: RealtimeEvent): RealtimeEvent {
  const error = event['error']
  return isFields(error) ? replace(event, 'error', withParam(shape === 'ga' ? toGa : toBeta, error)) : event
}
