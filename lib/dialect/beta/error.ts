import { isFields } from '../fields.ts'
import type { RealtimeEvent } from '../../../types/index.ts'
import { own, replace } from './fields.ts'
import { responseParamPlaces, sessionPlaces } from './places.ts'

const paths = [
  ...sessionPlaces.map(({ beta, ga }) => ({ beta: `session.${beta}`, ga: `session.${ga.join('.')}` })),
  ...responseParamPlaces.map(({ beta, ga }) => ({ beta: `response.${beta}`, ga: `response.${ga.join('.')}` }))
]

/** An `error` event whose `param` names the field as the reader of the event knows it. */
export function errorIn (shape: 'beta' | 'ga', event: RealtimeEvent): RealtimeEvent {
  const error = event['error']
  const param = isFields(error) ? own(error, 'param') : undefined
  if (!isFields(error) || typeof param !== 'string') return event
  for (const path of paths) {
    const known = path[shape === 'ga' ? 'beta' : 'ga']
    // Nothing, or what lies within the field: `.threshold`, `[0]`.
    if (param.startsWith(known) && /^(?:$|[.[])/.test(param.slice(known.length))) {
      return replace(event, 'error', { ...error, param: path[shape] + param.slice(known.length) })
    }
  }
  return event
}
