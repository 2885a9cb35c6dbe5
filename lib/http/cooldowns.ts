import type { FastifyBaseLogger } from 'fastify'
import { told } from '../guard.ts'
import { traced } from '../loggable.ts'
import type { CooldownStore } from '../../types/index.ts'

/** A store of the host's, which may be out of order: it then knows of no cooldown, and the process goes on. */
export function guardedCooldowns (store: CooldownStore, log: FastifyBaseLogger): CooldownStore {
  const failed = (what: string) => (err: unknown): void => log.error({ err: traced(err) }, `cooldowns.${what} failed`)
  return {
    until (deployment) {
      let until: unknown
      told(() => { until = store.until(deployment); return until }, failed('until'))
      return typeof until === 'number' ? until : 0
    },
    start: (deployment, until) => told(() => store.start(deployment, until), failed('start')),
    clear: deployment => told(() => store.clear(deployment), failed('clear'))
  }
}
