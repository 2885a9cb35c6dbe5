import { most } from './state.ts'
import type { PendingUpdate, SessionConfig, XaiState } from './state.ts'

/** Whether xAI has been told of turn detection: by the client, or OpenAI's default by the gateway. */
export function isSettled ({ accepted, updates }: XaiState): boolean {
  return accepted.settled || updates.some(({ settles }) => settles)
}

/** An update is on its way. It counts as accepted until it is refused. */
export function expectUpdate (state: XaiState, update: PendingUpdate): void {
  state.updates = [...state.updates, update]
  if (state.updates.length > most.updates) acceptUpdate(state)
  foresee(state)
}

/** xAI has accepted the oldest update, because it answers in order. */
export function acceptUpdate (state: XaiState): void {
  const [update, ...others] = state.updates
  if (update === undefined) return
  state.updates = others
  Object.assign(state.accepted.sessionConfig, update.sessionConfig)
  state.accepted.settled ||= update.settles
}

/** Nothing of a refused update applies. Those sent after it are not affected. */
export function refuseUpdate (state: XaiState, id: unknown): PendingUpdate | undefined {
  const refused = state.updates.find(update => update.id === id)
  state.updates = state.updates.filter(update => update !== refused)
  foresee(state)
  return refused
}

/** Computes the settings once xAI has answered all updates. */
export function foresee ({ accepted, updates, sessionConfig }: XaiState): void {
  Object.assign(sessionConfig, accepted.sessionConfig, ...updates.map(update => update.sessionConfig) as Array<Partial<SessionConfig>>)
}
