import { once } from 'node:events'
import { WebSocket } from 'ws'
import type { Test } from 'tap'
import { createSimulator } from '../../lib/testing/index.ts'
import type { Simulator, SimulatorOptions } from '../../lib/testing/index.ts'
import type { RealtimeEvent } from '../../types/index.ts'

/** A realtime client for tests: it keeps every event, and waits for them. */
export interface Client {
  readonly ws: WebSocket
  readonly events: RealtimeEvent[]
  readonly binaries: Buffer[]
  readonly errors: Error[]
  readonly closed: Promise<{ code: number, reason: string }>
  send (event: RealtimeEvent | string | Buffer): void
  /** The n-th event (from 1) of a type, that came already or comes. */
  next (type: string, count?: number): Promise<RealtimeEvent>
  /** Waits until `test` holds; it is asked after every event. */
  until (test: () => boolean): Promise<void>
  types (): string[]
  of (type: string): RealtimeEvent[]
}

export interface ConnectOptions {
  readonly query?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly protocols?: readonly string[]
  readonly ca?: string
}

const PATIENCE_MS = 10_000

/** Connects with a good key and model unless told otherwise. */
export async function connect (simulator: Simulator, options: ConnectOptions = {}): Promise<Client> {
  const client = dial(simulator, options)
  await once(client.ws, 'open')
  return client
}

export function dial (simulator: Simulator, options: ConnectOptions = {}): Client {
  const { query = 'model=gpt-realtime', headers = { Authorization: 'Bearer sk-test' }, protocols = [], ca } = options
  const ws = new WebSocket(`${simulator.url}?${query}`, [...protocols], { headers, ca, perMessageDeflate: false, maxPayload: 64 * 1024 * 1024 })
  const events: RealtimeEvent[] = []
  const binaries: Buffer[] = []
  const errors: Error[] = []
  const watchers = new Set<() => void>()
  ws.setMaxListeners(0)
  ws.on('error', error => errors.push(error))
  // ws keeps a reset of an open connection to itself.
  ws.on('upgrade', ({ socket }) => socket.on('error', error => errors.push(error)))
  ws.on('message', (data: Buffer, isBinary: boolean) => {
    if (isBinary) binaries.push(data)
    else events.push(JSON.parse(data.toString()) as RealtimeEvent)
    for (const watch of watchers) watch()
  })
  const closed = new Promise<{ code: number, reason: string }>(resolve => {
    ws.once('close', (code, reason) => resolve({ code, reason: reason.toString() }))
  })
  const until = async (test: () => boolean): Promise<void> => {
    if (test()) return
    await new Promise<void>((resolve, reject) => {
      const fail = (why: string) => (): void => reject(new Error(`${why} after: ${events.map(({ type }) => type).join(', ')}`))
      const timer = setTimeout(fail(`nothing more in ${PATIENCE_MS} ms`), PATIENCE_MS)
      const watch = (): void => {
        if (!test()) return
        watchers.delete(watch)
        clearTimeout(timer)
        resolve()
      }
      watchers.add(watch)
      ws.once('close', fail('closed'))
    })
  }
  const of = (type: string): RealtimeEvent[] => events.filter(event => event.type === type)
  return {
    ws,
    events,
    binaries,
    errors,
    closed,
    until,
    of,
    send: event => ws.send(typeof event === 'string' || Buffer.isBuffer(event) ? event : JSON.stringify(event)),
    async next (type, count = 1) {
      await until(() => of(type).length >= count)
      return of(type)[count - 1]!
    },
    types: () => events.map(({ type }) => type)
  }
}

/** A simulator that ends with its test. */
export async function start (t: Test, options: SimulatorOptions = {}): Promise<Simulator> {
  const simulator = await createSimulator(options)
  t.teardown(() => simulator.close())
  return simulator
}

/** Every event sent before was answered: an event that does not exist gets its error last. */
export async function settled (client: Client): Promise<void> {
  client.send({ type: 'no.such.event', event_id: 'settled' })
  await client.until(() => client.of('error').some(({ error }) => (error as { event_id: unknown }).event_id === 'settled'))
}

export function say (client: Client, text: string): void {
  client.send({ type: 'conversation.item.create', item: { type: 'message', role: 'user', content: [{ type: 'input_text', text }] } })
  client.send({ type: 'response.create' })
}

export function append (client: Client, chunk: Buffer): void {
  client.send({ type: 'input_audio_buffer.append', audio: chunk.toString('base64') })
}
