import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { OPCODE } from '../fixtures/wire/frames.ts'
import { readHead } from '../fixtures/wire/raw-http.ts'
import { within } from '../fixtures/wire/within.ts'
import type { Account, Accounts } from './accounts.ts'
import { End } from './end.ts'
import { limitedSessions, limits } from './host.ts'
import { quietPlan } from './plan.ts'
import type { Faults, Plan } from './plan.ts'
import { requestOf } from './request.ts'

/** A gateway that nobody else uses at the moment, and ids that no session has had. */
export interface ProbeField {
  readonly port: number
  readonly accounts: Accounts
  readonly nextId: () => number
}

interface Member {
  readonly account: Account
  /** Absent when the client was refused. */
  readonly end?: End
  readonly status: number
}

const patience = 5_000
const mask = Buffer.from([1, 2, 3, 4])

async function join ({ port, accounts, nextId }: ProbeField, faults: Faults = {}, response: Plan['response'] = 'none'): Promise<Member> {
  const account = accounts.open(quietPlan(nextId(), faults, response))
  const socket = connect({ host: '127.0.0.1', port, noDelay: true, allowHalfOpen: true })
  socket.on('error', () => {})
  await once(socket, 'connect')
  socket.write(requestOf(account.plan))
  const head = await readHead(socket, patience)
  const status = Number(head.line.split(' ')[1])
  if (status !== 101) {
    socket.destroy()
    return { account, status }
  }
  return { account, status, end: new End(socket, head.rest, { role: 'client', tape: account.client, mask }) }
}

/** Ends the sessions of all and waits until the gateway has told of it. */
async function leave ({ accounts }: ProbeField, members: readonly Member[]): Promise<void> {
  for (const { end } of members) end?.close(1000)
  for (const { account, end } of members) {
    await end?.over
    end?.socket.destroy()
    for (let waited = 0; waited < patience && account.opened > account.closed.length; waited += 20) await sleep(20)
    if (account.opened > account.closed.length) accounts.violations.push('a session of a probe was not closed')
    accounts.forget(account)
  }
}

/** Every slot of a deployment with few of them can be had again: exactly as many as there are. */
export async function probeSlots (field: ProbeField): Promise<string[]> {
  let faults: string[] = []
  // The router's own probes take a slot as well, for as long as their dial takes.
  for (let round = 0; round < 15; round++) {
    const members = await Promise.all(Array.from({ length: limitedSessions }, () => join(field, { request: 'limited-model' })))
    const more = await join(field, { request: 'limited-model' })
    await leave(field, [...members, more])
    faults = [
      ...members.filter(({ end }) => end === undefined).map(({ status }) => `a slot of the limited deployment is not back: ${status}`),
      ...(more.status === 429 ? [] : [`the limited deployment took one session too many: ${more.status}`])
    ]
    if (faults.length === 0) break
    await sleep(300)
  }
  return faults
}

/** All sessions, each of another owner, may hold what the option says: no less, and no more. Twice, as what they held must come back. */
export async function probeUnfinished (field: ProbeField): Promise<string[]> {
  const faults: string[] = []
  const share = limits.maxMessageBytes - 4096
  const most = limits.maxBufferedBytes
  const count = Math.floor(most / share)
  const rest = most - count * share - 64 * 1024
  for (let round = 1; round <= 2; round++) {
    const members = await Promise.all(Array.from({ length: count + 2 }, () => join(field)))
    const ends = members.map(({ end }) => end!)
    for (const [i, end] of ends.slice(0, count + 1).entries()) {
      end.frame(OPCODE.text, Buffer.alloc(i < count ? share : rest, 'x'), { fin: false })
      // Behind its pong the gateway has all of it, and the sum does not depend on who is faster.
      await end.ping()
    }
    const lost = ends.filter(({ isOver, tape }) => isOver || tape.closeCode !== undefined).length
    if (lost > 0) faults.push(`round ${round}: ${lost} sessions ended though what they held was within the limit`)
    const last = ends.at(-1)!
    last.frame(OPCODE.text, Buffer.alloc(128 * 1024, 'x'), { fin: false })
    await Promise.race([...ends.map(({ over }) => over), sleep(patience, undefined, { ref: false })])
    const shed = ends.filter(({ tape }) => tape.closeCode !== undefined)
    if (shed.length !== 1 || shed[0]!.tape.error !== 'buffered_bytes_exceeded') faults.push(`round ${round}: ${shed.map(({ tape }) => `${tape.closeCode} ${tape.error}`).join() || 'nothing'} instead of one 1013 buffered_bytes_exceeded`)
    await leave(field, members)
  }
  return faults
}

/**
 * A drain with idle sessions, running responses, frozen clients and upgrades that wait: it ends in time, and everybody
 * who listens is told.
 */
export async function probeDrain (field: ProbeField, drain: () => Promise<void>): Promise<string[]> {
  const faults: string[] = []
  const idle = await Promise.all(Array.from({ length: 5 }, () => join(field)))
  const running = await Promise.all(Array.from({ length: 5 }, () => join(field, { upstream: { kind: 'keeps-response' } }, 'open')))
  const frozen = await Promise.all(Array.from({ length: 3 }, () => join(field)))
  for (const { end } of frozen) {
    end!.unresponsive = end!.stubborn = true
    end!.socket.pause()
  }
  const waiting = [join(field, { upstream: { kind: 'hang' } }), join(field, { request: 'hook-hangs' })]
  await sleep(200)

  const bound = limits.drainTimeout + limits.closeTimeout + 1_500
  const drained = within(drain(), bound, 'the drain')
  const refused = await Promise.all(waiting)
  await drained.catch((error: Error) => faults.push(error.message))
  for (const { status } of refused) if (status !== 503) faults.push(`an upgrade that waited when the drain began was answered ${status}`)
  for (const { end } of [...idle, ...running]) {
    await Promise.race([end!.over, sleep(patience, undefined, { ref: false })])
    if (end!.tape.closeCode !== 1012 || end!.tape.error !== 'draining') faults.push(`a client heard ${end!.tape.closeCode ?? 'nothing'} ${end!.tape.error ?? ''} of the drain`)
  }
  const late = await join(field).catch(() => undefined)
  if (late?.status !== 503) faults.push(`a client that came after the drain was answered ${late?.status ?? 'nothing'}`)
  for (const { end } of frozen) end!.socket.destroy()
  await leave(field, [...idle, ...running, ...frozen])
  return faults
}
