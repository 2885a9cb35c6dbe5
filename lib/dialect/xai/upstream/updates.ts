import { most } from './state.ts'
import type { PendingUpdate, SessionConfig, XaiState } from './state.ts'

/** Whether xAI has been told of turn detection: the client's wish, or OpenAI's default. */
export function isSettled ({ accepted, updates }: XaiState): boolean {
  return accepted.settled || updates.some(({ settles }) => settles)
}

/** An update is on its way. Until it is refused, it holds. */
export function expectUpdate (state: XaiState, update: PendingUpdate): void {
  state.updates = [...state.updates, update]
  if (state.updates.length > most.updates) acceptUpdate(state)
  foresee(state)
}

/** The oldest update holds, as xAI answers in turn. */
export function acceptUpdate (state: XaiState): void {
  const [update, ...others] = state.updates
  if (update === undefined) return
  state.updates = others
  Object.assign(state.accepted.sessionConfig, update.sessionConfig)
  state.accepted.settled ||= update.settles
}

/** Nothing holds of an update that is refused; what was sent after it still does. */
export function refuseUpdate (state: XaiState, id: unknown): PendingUpdate | undefined {
  const refused = state.updates.find(update => update.id === id)
  state.updates = state.updates.filter(update => update !== refused)
  foresee(state)
  return refused
}

/** What holds once xAI has answered all. */
export function foresee ({ accepted, updates, sessionConfig }: XaiState): void {
  Object.assign(sessionConfig, accepted.sessionConfig, ...updates.map(update => update.sessionConfig) as Array<Partial<SessionConfig>>)
}
