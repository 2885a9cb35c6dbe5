import { GatewayError } from '../errors.ts'
import { mayUse } from '../keys/policy.ts'
import { modelOf } from '../upstream/deployment.ts'
import type { Admitted } from './admit.ts'
import type { RouteTools } from './route.ts'
import { planFor, upstreamFor } from './upstream-for.ts'
import type { Upstream } from './upstream-for.ts'

/** Milliseconds that the upstream of a model may take to be ready: less than a stage may wait. */
const longestDial = 25_000

/** What a session does for its transcription model. */
interface TranscriptionOwner {
  /** The session's upstream. */
  current (): Upstream
  /** Replaces it. `false`: the session is ending. */
  replace (upstream: Upstream): boolean
  /** Told the field of an update that names another model where the session has one already. */
  adjusted (field: string): void
}

/**
 * Judges the models that the updates of a transcription session name: the key must allow them, and the first one that another deployment
 * serves is dialled there. A name that nobody serves here is for the provider to know.
 * @returns the provider's name of a model, for `createTranscriptionStage`
 */
export function transcriptionModels ({ asker, asked }: Admitted, { current, replace, adjusted }: TranscriptionOwner, tools: RouteTools): (name: string, field: string) => string | Promise<string> {
  let chosen = false

  async function dial (name: string, field: string): Promise<string> {
    const ended = new AbortController()
    const forget = asker.lease.defer(() => ended.abort(new GatewayError('internal_error')))
    const timer = setTimeout(() => ended.abort(new GatewayError('upstream_timeout')), Math.min(longestDial, tools.options.upgradeTimeout))
    try {
      const now = { ...asker, signal: ended.signal }
      const plan = await planFor(name, now, tools)
      const known = plan.candidates.find(({ id }) => id === current().deployment.id)
      if (known !== undefined) return modelOf(known)
      if (plan.candidates.length === 0 && plan.retryAfterMs === undefined) return name
      if (chosen) {
        if (tools.options.dialects?.strict === true) throw new GatewayError('model_not_allowed')
        adjusted(field)
        return modelOf(current().deployment)
      }
      const upstream = await upstreamFor(name, plan, now, tools)
      if (!replace(upstream)) upstream.lease.release()
      return modelOf(upstream.deployment)
    } finally {
      forget()
      clearTimeout(timer)
    }
  }

  return (name, field) => {
    const { deployment, model } = current()
    const own = modelOf(deployment)
    if (name === own || name === model || (!chosen && name === asked)) {
      chosen = true
      return own
    }
    if (!mayUse(asker.standing.principal, name)) throw new GatewayError('model_not_allowed')
    return dial(name, field).then(told => {
      chosen = true
      return told
    })
  }
}
