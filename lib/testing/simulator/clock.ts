/** Timers of one connection; all of them end with it. */
export interface Clock {
  readonly pace: number
  /** Calls back after `ms` of the provider's time: `ms * pace` on the wall, at pace 0 in the next turn of the event loop. */
  after (ms: number, callback: () => void): void
  /** Calls back after `ms` on the wall, whatever the pace. Returns a function that takes it back. */
  timer (ms: number, callback: () => void): () => void
  /** Runs steps that yield how long to wait before the next one (`Infinity`: it never comes), as long as `alive` says so. */
  run (steps: Generator<number, void>, alive: () => boolean): void
  stop (): void
}

// setTimeout takes no longer delay; a session cap may be set to never.
const LONGEST_TIMER = 2_147_483_647

export function createClock (pace: number): Clock {
  const cancels = new Set<() => void>()
  let stopped = false

  function keep (cancel: () => void): () => void {
    const entry = (): void => {
      cancels.delete(entry)
      cancel()
    }
    cancels.add(entry)
    return entry
  }

  const clock: Clock = {
    pace,
    after (ms, callback) {
      if (stopped) return
      if (pace > 0) {
        clock.timer(ms * pace, callback)
        return
      }
      const immediate = setImmediate(() => { done(); callback() })
      const done = keep(() => clearImmediate(immediate))
    },
    timer (ms, callback) {
      if (stopped) return () => {}
      const timeout = setTimeout(() => { done(); callback() }, Math.min(ms, LONGEST_TIMER))
      const done = keep(() => clearTimeout(timeout))
      return done
    },
    run (steps, alive) {
      const step = (): void => {
        if (stopped || !alive()) return
        const next = steps.next()
        if (!next.done && next.value !== Infinity) clock.after(next.value, step)
      }
      step()
    },
    stop () {
      stopped = true
      for (const cancel of [...cancels]) cancel()
    }
  }
  return clock
}
