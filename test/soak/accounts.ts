import { newTape } from './end.ts'
import type { Tape } from './end.ts'
import { expectedEnds, expectedErrors } from './expect.ts'
import type { SessionNews } from './host.ts'
import type { Plan } from './plan.ts'

/** All that is known of one attempt of a client. */
export interface Account {
  readonly plan: Plan
  readonly client: Tape
  /** One of each connection that the gateway opened for it; a session has one of them. */
  readonly upstream: Tape[]
  opened: number
  readonly closed: Extract<SessionNews, { type: 'closed' }>[]
  /** How the client's side ended. */
  outcome?: string
  /** Milliseconds from the client's first step to its end. */
  took?: number
}

export interface Accounts {
  readonly violations: string[]
  /** How many attempts ended in which way, and how many sessions the gateway ended with which error. */
  readonly ends: Map<string, number>
  readonly errors: Map<string, number>
  readonly counts: { attempts: number, flawless: number, opened: number, closed: number }
  open (plan: Plan): Account
  find (id: number): Account | undefined
  /** Whether every session that was opened is closed. */
  balanced (): boolean
  hear (news: SessionNews): void
  /** Forgets an attempt that is judged elsewhere. */
  forget (account: Account): unknown
  /** Judges an attempt that must be over on every side, and forgets it. */
  settle (account: Account): void
}

// A run that goes wrong goes wrong often; the first cases tell enough.
const mostViolations = 30

export function createAccounts (): Accounts {
  const accounts = new Map<number, Account>()
  const violations: string[] = []
  const ends = new Map<string, number>()
  const errors = new Map<string, number>()
  const counts = { attempts: 0, flawless: 0, opened: 0, closed: 0 }

  const violate = (text: string): void => { if (violations.length < mostViolations) violations.push(text) }
  return {
    violations,
    ends,
    errors,
    counts,
    open (plan) {
      const account: Account = { plan, client: newTape(), upstream: [], opened: 0, closed: [] }
      accounts.set(plan.id, account)
      return account
    },
    find: id => accounts.get(id),
    balanced: () => [...accounts.values()].every(({ opened, closed }) => opened === closed.length),
    hear (news) {
      const account = accounts.get(news.id)
      if (account === undefined) violate(`session ${news.id} ${news.type} after it was settled`)
      if (news.type === 'opened') {
        counts.opened++
        if (account !== undefined) account.opened++
      } else {
        counts.closed++
        account?.closed.push(news)
        if (news.error !== undefined) count(errors, news.error)
      }
    },
    forget: ({ plan }) => accounts.delete(plan.id),
    settle (account) {
      const { plan, outcome = 'nothing' } = account
      accounts.delete(plan.id)
      counts.attempts++
      count(ends, outcome)
      if (isFlawless(plan)) counts.flawless++
      const wrong = judge(account)
      if (wrong.length > 0) violate(`session ${plan.id}: ${wrong.join('; ')}. Faults ${JSON.stringify(plan.faults)}, seen ${outcome} after ${account.took?.toFixed(0)} ms, ${JSON.stringify(account.closed)}`)
    }
  }
}

function judge ({ plan, client, upstream, opened, closed, outcome = 'nothing' }: Account): string[] {
  const faults: string[] = []
  const ends = expectedEnds(plan)
  if (!ends.has(outcome)) faults.push(`ended with "${outcome}" instead of ${[...ends].join(' | ')}`)
  if (opened !== closed.length || opened > 1) faults.push(`onSessionOpen was called ${opened} times, onSessionClose ${closed.length} times`)
  const [summary] = closed
  if (summary !== undefined && !expectedErrors(ends).has(summary.error)) faults.push(`the gateway ended it with ${summary.error}`)
  if (outcome === 'close 1000' && opened !== 1) faults.push('the client had a session that the gateway does not know of')

  const wrongs = upstream.map(tape => compare(client, tape, isFlawless(plan)))
  if (plan.model !== 'warm' && opened > 0 && !wrongs.some(wrong => wrong.length === 0)) faults.push(...wrongs[0] ?? ['no upstream had the session'])
  return faults
}

/** Whether nothing is to go wrong, on any side. */
function isFlawless ({ faults, model }: Plan): boolean {
  return Object.keys(faults).length === 0 && model !== 'warm'
}

/** What is wrong with the messages of a client and an upstream that were joined. */
function compare (client: Tape, upstream: Tape, flawless: boolean): string[] {
  const wrong: string[] = []
  if (!isStartOf(client.received, upstream.sent)) wrong.push('what the client got is not what the upstream sent')
  if (!isStartOf(upstream.received, client.sent)) wrong.push('what the upstream got is not what the client sent')
  if (flawless && client.received.length !== upstream.sent.length) wrong.push(`the client got ${client.received.length} of ${upstream.sent.length} messages`)
  if (flawless && upstream.received.length !== client.sent.length) wrong.push(`the upstream got ${upstream.received.length} of ${client.sent.length} messages`)
  return wrong
}

function isStartOf (part: readonly number[], whole: readonly number[]): boolean {
  return part.length <= whole.length && part.every((value, i) => value === whole[i])
}

function count (counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1)
}
