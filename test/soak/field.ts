import { setMaxListeners } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { startChaosProxy } from '../fixtures/chaos-proxy.ts'
import type { Accounts } from './accounts.ts'
import { playClient } from './client.ts'
import { limits } from './host.ts'
import { drawGroup, drawPlan } from './plan.ts'
import { createRandom } from './random.ts'
import { attemptOf } from './request.ts'
import { startUpstream } from './upstream.ts'

export interface Field {
  /** Where the gateway finds its upstream. */
  readonly upstreamPort: number
  /** Lets `clients` at a time come for so long, and returns when all of them are settled. */
  run (gatewayPort: number, clients: number, ms: number): Promise<void>
  /** An id that no attempt has. */
  nextId (): number
  /** Clients at work and connections at the upstream, now. */
  open (): { readonly clients: number, readonly upstream: number }
  close (): Promise<void>
}

/** What a client may wait for anything; every clock of the gateway strikes within. */
const patience = 14_500

/** The same for a client that may wait for ever, because nothing gets through to it. */
const shortPatience = 7_000

/** How long the gateway may go on with what it held for a client that is gone: its upgrade, its linger and its close. */
const grace = limits.upgradeTimeout + limits.pingInterval + limits.pongTimeout + limits.lingerTimeout + limits.closeTimeout + 2_500

/** Clients, an upstream, and a chaos proxy on each side of a gateway, all driven by the plans of one seed. */
export async function createField (seed: number, accounts: Accounts): Promise<Field> {
  const upstream = await startUpstream(id => accounts.find(id), limits.maxMessageBytes)
  const upstreamWire = await startChaosProxy({ target: upstream.port, plan: opening => planAt(opening)?.upstreamWire ?? {} })
  let clients = 0
  let next = 0

  /** Attempts of which the upstream still has a connection. */
  const strays = (): number[] => upstream.open().filter(id => id !== undefined)

  function planAt (opening: Buffer): ReturnType<typeof drawPlan> | undefined {
    return accounts.find(attemptOf(opening.toString('latin1')) ?? -1)?.plan
  }

  async function attempt (id: number, port: number): Promise<void> {
    const account = accounts.open(drawPlan(seed, id))
    const startedAt = performance.now()
    clients++
    const swallowed = account.plan.faults.clientWire?.how === 'swallow'
    account.outcome = await playClient(account.plan, { port, tape: account.client, patience: swallowed ? shortPatience : patience, limits })
    clients--
    account.took = performance.now() - startedAt
  }

  return {
    upstreamPort: upstreamWire.port,
    async run (gatewayPort, most, ms) {
      const clientWire = await startChaosProxy({ target: gatewayPort, plan: opening => planAt(opening)?.clientWire ?? {} })
      const over = new AbortController()
      setMaxListeners(0, over.signal)
      const settling = new Set<Promise<void>>()
      const endAt = performance.now() + ms

      async function settle (ids: readonly number[]): Promise<void> {
        await sleep(grace, undefined, { signal: over.signal }).catch(() => {})
        for (const id of ids) accounts.settle(accounts.find(id)!)
      }
      async function work (number: number): Promise<void> {
        const random = createRandom(seed, 4, number)
        await sleep(random.int(0, 1_000))
        while (performance.now() < endAt) {
          const group = drawGroup(seed, next)
          const ids = Array.from({ length: group }, () => next++)
          await Promise.all(ids.map(id => attempt(id, clientWire.port)))
          const settled = settle(ids).finally(() => settling.delete(settled))
          settling.add(settled)
          await sleep(random.spread(0, 500))
        }
      }
      const isQuiet = (): boolean => clientWire.counts.open + strays().length === 0 && accounts.balanced()

      await Promise.all(Array.from({ length: most }, (_, i) => work(i)))
      // What nobody can use any more is over at once; news may still be on the way from another process.
      for (let waited = 0, quiet = 0; waited < grace && quiet < 3; waited += 100) {
        quiet = isQuiet() ? quiet + 1 : 0
        await sleep(100)
      }
      over.abort()
      await Promise.all(settling)
      if (!isQuiet()) {
        accounts.violations.push(`open ${grace} ms after the last client: ${clientWire.counts.open} connections of clients, ${JSON.stringify(strays().map(id => ({ id, faults: drawPlan(seed, id).faults })))} at the upstream`)
      }
      await clientWire.close()
    },
    nextId: () => next++,
    open: () => ({ clients, upstream: upstream.open().length }),
    async close () {
      await upstreamWire.close()
      await upstream.close()
    }
  }
}
