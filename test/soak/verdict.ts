import type { HostState } from './gateway.ts'
import { warmSockets } from './host.ts'

/** One line of the verdict. */
export interface Finding {
  readonly ok: boolean
  readonly text: string
}

/** The gateway's process at rest. */
export interface Rest extends HostState {
  readonly fds: number | undefined
}

const mebibyte = 1024 * 1024

// What the heap of an idle process may differ by: code that is compiled late, and what garbage collection leaves.
const heapSlack = 6 * mebibyte
// Warm sockets are dialled anew all the time, and each is replaced before it goes.
const coming = warmSockets
const rssSlack = 20 * mebibyte
const rssShare = 0.1

/** Whether memory stays where it is: the median of the last fifth of `samples` against that of the second. */
export function judgeMemory (samples: readonly number[]): Finding {
  const fifth = Math.floor(samples.length / 5)
  if (fifth === 0) return { ok: false, text: 'RSS: too few samples' }
  const early = median(samples.slice(fifth, 2 * fifth))
  const late = median(samples.slice(-fifth))
  return {
    ok: late - early <= Math.max(rssSlack, early * rssShare),
    text: `RSS under load: median ${mib(early)} in the second fifth, ${mib(late)} in the last`
  }
}

/** Whether an idle process holds no more than it did before. */
export function judgeRest (before: Rest, after: Rest): Finding[] {
  const kinds = new Set([...Object.keys(before.resources), ...Object.keys(after.resources)])
  const more = [...kinds].filter(kind => (after.resources[kind] ?? 0) > (before.resources[kind] ?? 0) + coming)
  return [
    { ok: after.sessions === 0, text: `sessions at rest: ${after.sessions}` },
    { ok: after.heapBytes - before.heapBytes <= heapSlack, text: `heap at rest: ${mib(before.heapBytes)} before, ${mib(after.heapBytes)} after` },
    { ok: more.length === 0, text: `sockets and timers at rest: ${more.length === 0 ? 'as before' : more.map(kind => `${kind} ${before.resources[kind] ?? 0} -> ${after.resources[kind]}`).join(', ')}` },
    ...(before.fds === undefined || after.fds === undefined ? [] : [{ ok: after.fds <= before.fds + coming, text: `file descriptors at rest: ${before.fds} before, ${after.fds} after` }])
  ]
}

/** Whether each of the gateway's own reasons to end a session came up: a run that provokes nothing proves nothing. */
export function judgeCoverage (errors: ReadonlyMap<string, number>): Finding {
  const wanted = ['control_flood', 'message_rate_exceeded', 'message_too_large', 'model_not_allowed', 'peer_timeout', 'session_expired', 'slow_consumer', 'too_many_fragments']
  const missing = wanted.filter(code => !errors.has(code))
  return { ok: missing.length === 0, text: missing.length === 0 ? 'every reason to end a session came up' : `never came up: ${missing.join(', ')}` }
}

export function mib (bytes: number): string {
  return `${(bytes / mebibyte).toFixed(1)} MiB`
}

function median (values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)]!
}
