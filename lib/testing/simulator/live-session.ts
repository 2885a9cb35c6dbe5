import type { RealtimeEvent } from '../../../types/index.ts'
import { TRANSLATIONS_PATH } from './admission.ts'
import { createClock } from './clock.ts'
import type { SimulatorFrame } from './connection.ts'
import type { Conversation } from './conversation.ts'
import { fatalError } from './errors.ts'
import type { FatalError } from './errors.ts'
import { faultOf } from './faults.ts'
import type { FaultMoment, SimulatorFault } from './faults.ts'
import { openAiId } from './ids.ts'
import { createOpenAiSession } from './openai.ts'
import type { LiveConnection } from './live-connection.ts'
import type { SimulatorFlavour, SimulatorOptions } from './options.ts'
import { createRandom } from './random.ts'
import { UTTERANCES } from './session.ts'
import type { ProviderSession, SessionHost } from './session.ts'
import { createTranslationSession } from './translation.ts'
import { createXaiSession } from './xai.ts'

/** What a session is started with. */
interface LiveSessionOptions {
  readonly connection: LiveConnection
  readonly flavour: SimulatorFlavour
  readonly options: SimulatorOptions
  readonly faults: readonly SimulatorFault[]
  /** The provider takes the connection only to say why not. */
  readonly fatal: FatalError | undefined
  readonly conversations: Map<string, Conversation>
}

const CAP_MS: Readonly<Record<SimulatorFlavour, number>> = { openai: 3_600_000, azure: 3_600_000, xai: 7_200_000 }
/** OpenAI pings a WebSocket about this often. */
const PING_MS = 20_260
const RATE_LIMIT = {
  code: 'inference_rate_limit_exceeded',
  message: 'Rate limit reached for the model on tokens per minute. Please try again later.'
}
const FIRST_AUDIO: FaultMoment = { event: 'response.output_audio.delta' }
const FIRST_EVENT: FaultMoment = { event: 'session.created' }
const OVERSIZED_BYTES = 17 * 1024 * 1024

/** Runs a provider's session on an open connection, with its faults. */
export function runSession ({ connection, flavour, options, faults, fatal, conversations }: LiveSessionOptions): void {
  const clock = createClock(options.pace ?? 0)
  const seed = options.seed ?? 1
  const random = createRandom(seed + connection.index)
  const now = options.now ?? Date.now
  const failure = faultOf(faults, 'fail_response')
  let failuresLeft = failure ? failure.responses ?? 1 : 0

  const host: SessionHost = {
    path: connection.path,
    query: connection.query,
    clock,
    random,
    seed,
    now,
    scenario: options.scenario,
    strict: options.strict ?? true,
    models: options.models,
    conversations,
    hear: (index, durationMs) => typeof options.hears === 'function'
      ? options.hears(index, durationMs)
      : options.hears ?? UTTERANCES[index % UTTERANCES.length]!,
    takeFailure () {
      if (!failure || failuresLeft === 0) return undefined
      failuresLeft--
      return { code: failure.code ?? RATE_LIMIT.code, message: failure.message ?? RATE_LIMIT.message }
    },
    send: event => connection.send(event),
    sendBinary: data => connection.send(data),
    close: (code, reason) => connection.close(code, reason)
  }

  connection.once('end', clock.stop)
  planFaults()
  if (flavour !== 'xai') keepPinging()
  const problem = fatal ?? firstFault()
  if (problem === 'silent') return
  if (problem) {
    const { type, code, message } = problem
    connection.send({ type: 'error', event_id: openAiId('event', random, now()), error: { type, code, message, param: null, event_id: null } })
    connection.close(problem.close, problem.reason)
    return
  }
  serve(createSession())

  function createSession (): ProviderSession {
    if (flavour === 'xai') return createXaiSession(host)
    return host.path === TRANSLATIONS_PATH ? createTranslationSession(host) : createOpenAiSession(host, { azure: flavour === 'azure' })
  }

  function firstFault (): FatalError | 'silent' | undefined {
    const error = faultOf(faults, 'error_first')
    if (error) return fatalError(error.code, { apiKey: 'sk-simulated-key', model: connection.query.get('model') ?? '' })
    const close = faultOf(faults, 'close_first')
    if (close) connection.close(close.code, close.reason)
    return close || faultOf(faults, 'silent') ? 'silent' : undefined
  }

  function serve (session: ProviderSession): void {
    const waiting: { latencyMs: number, react: () => void }[] = []
    // Until the session is open, and while it takes its time over an event, later ones wait.
    let isBusy = true

    const work = (): void => {
      while (!isBusy && waiting.length > 0) {
        const { latencyMs, react } = waiting.shift()!
        if (clock.pace === 0 || latencyMs === 0) {
          react()
          continue
        }
        isBusy = true
        clock.after(latencyMs, () => {
          isBusy = false
          react()
          work()
        })
      }
    }
    const open = (): void => {
      session.open()
      isBusy = false
      work()
    }
    connection.on('received', frame => {
      waiting.push({ latencyMs: frame.event ? session.latency(frame.event) : 0, react: reaction(session, frame) })
      work()
    })
    clock.timer(faultOf(faults, 'session_cap')?.afterMs ?? CAP_MS[flavour], () => session.expire())
    const late = faultOf(faults, 'late_first_event')
    if (late) clock.timer(late.ms, open)
    else open()
  }

  function planFaults (): void {
    for (const fault of faults) {
      switch (fault.type) {
        case 'abort': at(fault.after ?? FIRST_AUDIO, () => { clock.stop(); connection.abort(fault.how) }); break
        case 'close': at(fault.after ?? FIRST_AUDIO, () => { clock.stop(); connection.close(fault.code, fault.reason) }); break
        case 'oversized': at(fault.after ?? FIRST_AUDIO, () => connection.send(oversized(fault.bytes ?? OVERSIZED_BYTES))); break
        case 'binary': at(fault.after ?? FIRST_AUDIO, () => connection.send(fault.data ?? Buffer.alloc(1024, 1))); break
        case 'raw': at(fault.after ?? FIRST_AUDIO, () => connection.sendRaw(fault.data)); break
        case 'stall': at(fault.after ?? FIRST_EVENT, () => {
          connection.pause()
          if (fault.ms !== undefined) clock.timer(fault.ms, () => connection.resume())
        })
      }
    }
  }

  function at (moment: FaultMoment, happen: () => void): void {
    if ('ms' in moment) {
      clock.timer(moment.ms, happen)
      return
    }
    let left = moment.count ?? 1
    connection.on('sent', ({ event }) => { if (event?.type === moment.event && --left === 0) happen() })
  }

  function keepPinging (): void {
    clock.timer(PING_MS, () => {
      connection.ping()
      keepPinging()
    })
  }
}

function reaction (session: ProviderSession, frame: SimulatorFrame): () => void {
  if (frame.isBinary) return () => session.receiveBinary(frame.data)
  const { event } = frame
  return event ? () => session.receive(event) : () => session.receiveInvalid(isJson(frame.data) ? 'type' : 'json')
}

function isJson (data: Buffer): boolean {
  try {
    JSON.parse(data.toString())
    return true
  } catch {
    return false
  }
}

/** An event of exactly so many bytes, as an item with much audio in it would be. */
function oversized (bytes: number): string {
  const event = (audio: string): RealtimeEvent => ({
    type: 'conversation.item.retrieved',
    event_id: 'event_oversized',
    item: { id: 'item_oversized', type: 'message', status: 'completed', role: 'user', content: [{ type: 'input_audio', audio, transcript: null }] }
  })
  return JSON.stringify(event('A'.repeat(Math.max(0, bytes - JSON.stringify(event('')).length))))
}
