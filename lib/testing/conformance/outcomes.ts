import type { Deployment, RouteOutcome, UpstreamRefusal } from '../../../types/index.ts'

const kinds: ReadonlyArray<UpstreamRefusal['kind']> = ['credentials', 'rate_limit', 'quota', 'not_found', 'unsupported', 'client', 'fault', 'timeout']

/** Every type of outcome, with the least, the usual and the most that it may hold. */
export function everyOutcome (deployment: Deployment): RouteOutcome[] {
  return [0, 12.5, 3_600_000].flatMap((ms): RouteOutcome[] => [
    { type: 'dial', deployment },
    { type: 'dial', deployment, probe: true },
    { type: 'ready', deployment, ms },
    { type: 'ready', deployment, ms, warm: true },
    { type: 'ready', deployment, ms, probe: true },
    ...kinds.flatMap((kind): RouteOutcome[] => [
      { type: 'refused', deployment, ms, refusal: { kind } },
      { type: 'refused', deployment, ms, refusal: { kind, retryAfterMs: ms }, probe: true }
    ]),
    { type: 'dropped', deployment },
    { type: 'first_audio', deployment, ms },
    { type: 'turn', deployment, tokens: ms },
    ...[1000, 1001, 1006, 1011, 1013, 4000].map((closeCode): RouteOutcome => ({ type: 'ended', deployment, ms, closeCode, unresponsive: closeCode === 1001 }))
  ])
}

/** The outcomes of one session in their order. Every `dial` has one `ready`, `refused` or `dropped`, and every `ready` one `ended`. */
export function sessionOf (deployment: Deployment, random: () => number): RouteOutcome[] {
  const ms = Math.floor(random() * 500)
  const dial: RouteOutcome = { type: 'dial', deployment }
  const fate = random()
  if (fate < 0.15) return [dial, { type: 'refused', deployment, ms, refusal: { kind: kinds[Math.floor(random() * kinds.length)]! } }]
  if (fate < 0.25) return [dial, { type: 'dropped', deployment }]
  return [
    dial,
    { type: 'ready', deployment, ms, warm: random() < 0.2 },
    { type: 'first_audio', deployment, ms },
    { type: 'turn', deployment, tokens: ms },
    { type: 'ended', deployment, ms, closeCode: random() < 0.9 ? 1000 : 1006, unresponsive: false }
  ]
}
