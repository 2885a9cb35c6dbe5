import { randomBytes } from 'node:crypto'
import http from 'node:http'
import https from 'node:https'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { createSecureContext } from 'node:tls'
import { parseJson } from '../wire/json/parse.ts'
import { readClosePayload } from '../wire/close-frame.ts'
import { opcodes } from '../wire/frame.ts'
import { acceptFor } from '../wire/handshake.ts'
import { MessageReader } from '../wire/reader.ts'
import type { ReaderLimits } from '../wire/reader.ts'
import { classifyAnswer } from '../providers/refusal.ts'
import type { RealtimeEvent, UpstreamAnswer, UpstreamRefusal, UpstreamRequest } from '../../types/index.ts'

export interface DialOptions {
  /** When the upstream counts as having answered. */
  readonly readyAt: 'event' | 'open'
  readonly classify?: (answer: UpstreamAnswer) => UpstreamRefusal | undefined
  /** Milliseconds from now to ready: name look-up, TCP, TLS, handshake and first event together. */
  readonly timeout: number
  /** Aborted when nobody waits for the upstream any more. */
  readonly signal: AbortSignal
  readonly limits: ReaderLimits
}

/** A ready upstream: its paused socket and the bytes that it has sent already, first event included. */
export interface ReadyUpstream {
  readonly socket: Duplex
  readonly head: Buffer
  /** The credential that it was shown, where there is one: a reason that it closes with must not repeat it. */
  readonly secret?: string
}

export type Dialed =
  { readonly ready: ReadyUpstream, readonly refusal?: undefined, readonly cause?: undefined } |
  { readonly ready?: undefined, readonly refusal: UpstreamRefusal, readonly cause?: unknown }

export type Dial = (request: UpstreamRequest, options: DialOptions) => Promise<Dialed>

// What may come with the first event: other events, pings.
const headSlack = 1024 * 1024

/** Opens client sockets; the only slot that does. TLS sessions are resumed between its dials. */
export function createDial (): Dial {
  // One context for all dials: making one takes a fifth of a millisecond, and TLS sessions are resumed within it.
  const secureContext = createSecureContext()
  const agents = { 'ws:': new http.Agent({ keepAlive: false }), 'wss:': new https.Agent({ keepAlive: false, secureContext }) }

  return (request, options) => new Promise(resolve => {
    const { signal, limits } = options
    const classify = options.classify ?? classifyAnswer
    const url = new URL(request.url)
    const secure = url.protocol === 'wss:'
    const key = randomBytes(16).toString('base64')
    const protocols = request.protocols ?? []
    let socket: Duplex | undefined

    const client = (secure ? https : http).request({
      agent: agents[secure ? 'wss:' : 'ws:'],
      host: url.hostname.replace(/^\[|\]$/g, ''),
      port: url.port || (secure ? 443 : 80),
      path: url.pathname + url.search,
      headers: {
        ...request.headers,
        Connection: 'Upgrade',
        Upgrade: 'websocket',
        'Sec-WebSocket-Version': '13',
        'Sec-WebSocket-Key': key,
        ...(protocols.length > 0 && { 'Sec-WebSocket-Protocol': protocols.join(', ') })
      }
    })

    const timer = setTimeout(() => settle({ refusal: { kind: 'timeout' } }), options.timeout)
    const abort = (): void => settle({ refusal: { kind: 'fault' }, cause: signal.reason })
    signal.addEventListener('abort', abort)

    let settled = false
    function settle (result: Dialed): void {
      if (settled) return
      settled = true
      clearTimeout(timer)
      signal.removeEventListener('abort', abort)
      if (result.ready !== undefined) {
        // The socket outlives this dial, whose closures must not.
        socket!.on('error', ignore)
        socket!.off('error', fault)
      } else {
        client.destroy()
        socket?.destroy()
      }
      resolve(result)
    }
    function answered (answer: UpstreamAnswer): void {
      try {
        const refusal = classify(answer)
        if (refusal !== undefined) settle({ refusal })
        else if (answer.type !== 'event') settle({ refusal: { kind: 'fault' } })
      } catch (cause) {
        // A classifier of the host's that throws in a socket's listener would take the process along.
        fault(cause)
      }
    }
    function fault (cause: unknown): void {
      settle({ refusal: { kind: 'fault' }, cause })
    }

    client.on('error', fault)
    client.on('response', response => answered({ type: 'status', status: response.statusCode ?? 0, headers: response.headers }))
    client.on('upgrade', (response, upgraded, head) => {
      socket = upgraded
      // Somebody must listen from the first tick on, whoever owns the socket later.
      upgraded.on('error', fault)
      if (settled) {
        upgraded.destroy()
      } else if (!isWebSocket(response, key, protocols)) {
        fault(new Error('the upstream did not open a WebSocket as asked'))
      } else {
        upgraded.setNoDelay(true)
        upgraded.setTimeout(0)
        if (options.readyAt === 'open') settle({ ready: { socket: upgraded.pause(), head } })
        else awaitFirstEvent(upgraded, head)
      }
    })
    client.end()
    if (signal.aborted) abort()

    function awaitFirstEvent (upgraded: Duplex, head: Buffer): void {
      const chunks: Buffer[] = []
      let size = 0
      const ready = (): void => {
        stop()
        settle({ ready: { socket: upgraded, head: Buffer.concat(chunks) } })
      }
      // This reader only looks for the first message; the session's own reads the same bytes again.
      const reader = new MessageReader(false, limits, {
        inspects: true,
        judge: text => {
          const event = parseEvent(text)
          if (event !== undefined) answered({ type: 'event', event })
          if (!settled) ready()
          return undefined
        },
        take: () => {},
        forward: () => { if (!settled) ready() },
        control: (opcode, payload) => {
          if (opcode !== opcodes.close) return
          stop()
          const close = readClosePayload(payload)
          answered({ type: 'close', code: typeof close === 'string' ? 1006 : close.code })
        },
        fail: failure => fault(new Error(`the upstream broke the protocol: ${failure}`))
      })
      const onData = (chunk: Buffer): void => {
        chunks.push(chunk)
        size += chunk.length
        reader.push(chunk)
        if (!settled && size > limits.maxMessageBytes + headSlack) fault(new Error('the upstream sent too much before its first event'))
      }
      const onEnd = (): void => answered({ type: 'close', code: 1006 })
      const stop = (): void => {
        upgraded.pause()
        upgraded.off('data', onData)
        upgraded.off('end', onEnd)
        upgraded.off('close', onEnd)
        reader.stop()
      }
      upgraded.on('end', onEnd)
      upgraded.on('close', onEnd)
      if (head.length > 0) onData(head)
      if (!settled) upgraded.on('data', onData)
    }
  })
}

/** Errors of a socket are followed by its 'close', which is what is acted on. */
function ignore (): void {}

function isWebSocket (response: IncomingMessage, key: string, offered: readonly string[]): boolean {
  const { headers } = response
  const protocol = headers['sec-websocket-protocol']
  return response.statusCode === 101 &&
    headers.upgrade?.toLowerCase() === 'websocket' &&
    headers['sec-websocket-accept'] === acceptFor(key) &&
    headers['sec-websocket-extensions'] === undefined &&
    (protocol === undefined || offered.includes(protocol))
}

function parseEvent (text: Buffer): RealtimeEvent | undefined {
  try {
    const event = parseJson(text.toString())
    return typeof event === 'object' && event !== null && typeof (event as RealtimeEvent).type === 'string' ? event as RealtimeEvent : undefined
  } catch {
    return undefined
  }
}
