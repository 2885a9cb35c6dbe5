import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { reset } from '../fixtures/chaos-proxy.ts'
import { encode, OPCODE } from '../fixtures/wire/frames.ts'
import { readHead } from '../fixtures/wire/raw-http.ts'
import { End } from './end.ts'
import type { Tape } from './end.ts'
import { compose } from './messages.ts'
import { sendIllegal } from './illegal.ts'
import { downCount } from './plan.ts'
import type { Leave, Plan } from './plan.ts'
import { requestOf } from './request.ts'

export interface ClientRun {
  /** Where the gateway, or a proxy before it, listens. */
  readonly port: number
  readonly tape: Tape
  /** Milliseconds after which the client gives up, whatever it waits for. */
  readonly patience: number
  readonly limits: { readonly maxMessageBytes: number, readonly maxFragments: number, readonly messageBurst: number }
}

// More than a socket takes in by itself would stay unread at a client that is refused, and break its connection.
const largestAhead = 8_000

const clientEvent = 'input_audio_buffer.append'

/**
 * Plays the client of a plan.
 * @returns how it ended: `http <status> [<error code>]`, `close <code> [<error code>]`, `gone` (a connection that ended
 * without a word), `left` (by its own plan) or `gave up`.
 */
export async function playClient (plan: Plan, run: ClientRun): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port: run.port, noDelay: true, allowHalfOpen: true })
  socket.on('error', () => {})
  let outcome: string | undefined
  const timer = setTimeout(() => {
    outcome = 'gave up'
    socket.destroy()
  }, run.patience)
  try {
    const played = await play(socket, plan, run)
    return outcome ?? played
  } catch {
    return outcome ?? 'gone'
  } finally {
    clearTimeout(timer)
    socket.destroy()
  }
}

async function play (socket: Socket, plan: Plan, run: ClientRun): Promise<string> {
  const { client, request } = plan.faults
  const leaving = client?.kind === 'leave' ? client : undefined
  const mask = randomBytes(4)
  await once(socket, 'connect')
  if (leaving?.stage === 'connected') return leave(socket, leaving)

  const text = requestOf(plan)
  if (client?.kind === 'half-request' || leaving?.stage === 'half-request') {
    socket.write(text.slice(0, text.length * 0.7))
    if (leaving !== undefined) return leave(socket, leaving)
    return await readRefusal(socket, run.patience)
  }
  const { tape } = run
  const ahead = plan.glued && (plan.up[0]?.bytes ?? largestAhead) < largestAhead && request === undefined && (client === undefined || client.kind === 'stall')
  const early = ahead ? compose(plan.up[0]!, clientEvent, tape, mask) : Buffer.alloc(0)
  socket.write(Buffer.concat([Buffer.from(text), early]))
  if (leaving?.stage === 'waiting') return leave(socket, leaving)

  const head = await readHead(socket, run.patience)
  const status = Number(head.line.split(' ')[1])
  if (status !== 101) return `http ${status}${await errorCode(socket, head.rest)}`

  const end = new End(socket, head.rest, { role: 'client', tape, mask })
  await converse(end, { ...plan, up: ahead ? plan.up.slice(1) : plan.up }, run)
  if (leaving !== undefined) return 'left'
  await end.over
  if (tape.closeCode === undefined) return 'gone'
  return `close ${tape.closeCode}${tape.error === undefined ? '' : ` ${tape.error}`}`
}

/** What the client does once the session is open, up to where it has nothing left to say. */
async function converse (end: End, plan: Plan, { limits }: ClientRun): Promise<void> {
  const fault = plan.faults.client
  switch (fault?.kind) {
    case 'unresponsive': end.unresponsive = end.stubborn = true; return
    case 'idle':
    case 'kicked': return
    case 'no-close-answer': end.stubborn = true; break
    case 'stall':
      end.socket.pause()
      await end.pause(fault.ms)
      end.socket.resume()
      break
    case 'flood':
      for (let i = 0; i < 2 * limits.messageBurst; i++) end.say({ type: 'response.create' })
      return
    case 'ping-flood':
      for (let i = 0; i < 300; i++) end.frame(OPCODE.ping, 'x')
      return
    case 'illegal':
      await end.speak(plan.up, clientEvent, 3)
      sendIllegal(end, fault.what, true)
      return
    case 'too-large': {
      const header = Buffer.from([0x82, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4])
      header.writeUInt32BE(limits.maxMessageBytes + 1, 6)
      end.socket.write(header)
      return
    }
    case 'too-many-fragments':
      for (let i = 0; i <= limits.maxFragments; i++) end.frame(i === 0 ? OPCODE.text : OPCODE.continuation, 'x', { fin: false })
      return
    case 'forbidden-model':
      for (let i = 0; i < 2; i++) end.frame(OPCODE.text, '{"type":"session.update","session":{"model":"gpt-forbidden"}}')
      return
    case 'unfinished':
      end.frame(OPCODE.text, Buffer.alloc(50_000, 'x'), { fin: false })
      end.frame(OPCODE.continuation, Buffer.alloc(50_000, 'x'), { fin: false })
      await end.pause(1_500)
      end.close(1000)
      return
    case 'leave':
      await depart(end, plan, fault)
      return
  }
  await end.speak(plan.up, clientEvent)
  if (plan.model === 'warm') return end.close(1000)
  if (plan.closer === 'upstream') return
  await end.heard(downCount(plan))
  end.close(1000)
}

async function depart (end: End, plan: Plan, fault: Leave): Promise<void> {
  if (fault.stage === 'mid-stream') await end.speak(plan.up, clientEvent, plan.up.length / 2)
  if (fault.stage === 'mid-frame') end.socket.write(encode({ opcode: OPCODE.binary, fin: true, rsv: 0, payload: Buffer.alloc(3_000) }, Buffer.alloc(4)).subarray(0, 1_700))
  if (fault.stage === 'closing') end.close(1000)
  await leave(end.socket, fault)
}

async function leave (socket: Socket, { how, after }: Leave): Promise<string> {
  if (after > 0) await sleep(after)
  if (how === 'rst') reset(socket)
  else socket.end()
  socket.resume()
  if (!socket.closed && !socket.readableEnded) await Promise.race([once(socket, 'end'), once(socket, 'close')]).catch(() => {})
  return 'left'
}

async function readRefusal (socket: Socket, patience: number): Promise<string> {
  const head = await readHead(socket, patience)
  return `http ${head.line.split(' ')[1]}`
}

async function errorCode (socket: Socket, rest: Buffer): Promise<string> {
  const chunks = [rest]
  socket.on('data', chunk => chunks.push(chunk))
  socket.resume()
  if (!socket.readableEnded && !socket.closed) await Promise.race([once(socket, 'end'), once(socket, 'close')]).catch(() => {})
  const [, code] = /"code":"(\w+)"/.exec(Buffer.concat(chunks).toString()) ?? []
  return code === undefined ? '' : ` ${code}`
}
