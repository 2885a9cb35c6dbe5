import type { SessionInfo, SessionObserver, SessionSummary, TurnInfo } from '../../types/index.ts'

export interface NamedObserver extends SessionObserver {
  /** For the log: what threw. */
  readonly name: string
}

interface ObserversOptions {
  /** How long, in milliseconds, an observer may take with the end of a session before nobody waits for it any more. */
  readonly patience: number
  /** Told of each that throws, rejects or hangs. */
  failed (observer: string, cause: unknown): void
}

/** All observers of a session as one. What one of them does keeps none of the others from hearing. Only `closed` can be waited for. */
interface Observers {
  opened (session: SessionInfo): void
  turn (turn: TurnInfo): void
  /** Resolves when every observer is done, or its patience is over. Never rejects. */
  closed (summary: SessionSummary): Promise<void>
}

export function createObservers (observers: readonly NamedObserver[], { patience, failed }: ObserversOptions): Observers {
  /** Calls each, whatever the others do. */
  function tell (call: (observer: SessionObserver) => void | Promise<void>): Array<Promise<void>> {
    return observers.map(async observer => {
      try {
        await call(observer)
      } catch (cause) {
        failed(observer.name, cause)
      }
    })
  }

  return {
    opened (session) {
      tell(observer => observer.opened?.(session))
    },
    turn (turn) {
      tell(observer => observer.turn?.(turn))
    },
    async closed (summary) {
      let timer: NodeJS.Timeout | undefined
      const late = new Promise<'late'>(resolve => { timer = setTimeout(resolve, patience, 'late') })
      const pending = new Set(observers.map(({ name }) => name))
      const done = Promise.all(tell(observer => observer.closed?.(summary)).map((told, i) => told.then(() => { pending.delete(observers[i]!.name) })))
      if (await Promise.race([done, late]) === 'late') for (const name of pending) failed(name, new Error(`did not return in ${patience} ms`))
      clearTimeout(timer)
    }
  }
}
