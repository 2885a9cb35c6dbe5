import { randomBytes } from 'node:crypto'
import http from 'node:http'
import https from 'node:https'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { createSecureContext } from 'node:tls'
import { classifyAnswer } from '../providers/refusal.ts'
import { acceptFor } from '../wire/handshake.ts'
import { parseEvent } from '../wire/json/event.ts'
import type { ReaderLimits } from '../wire/reader.ts'
import type { UpgradedSocket } from '../wire/upgraded-socket.ts'
import { ParkedSocket } from './parked.ts'
import type { UpstreamAnswer, UpstreamRefusal, UpstreamRequest } from '../../types/index.ts'

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

/** An upstream that is ready: its paused socket and all that it has sent already, first event included. */
export interface ReadyUpstream extends UpgradedSocket {
  /** The credential that it was shown, where there is one: a reason that it closes with must not repeat it. */
  readonly secret?: string
}

/** What came of a dial. */
export type Dialed =
  { readonly ready: UpgradedSocket, readonly refusal?: undefined, readonly cause?: undefined } |
  { readonly ready?: undefined, readonly refusal: UpstreamRefusal, readonly cause?: unknown }

export type Dial = (request: UpstreamRequest, options: DialOptions) => Promise<Dialed>

// What may come with the first event: other events, pings.
const headSlack = 1024 * 1024

// Of a refusal's body: its most bytes, and how long it may take in milliseconds.
const bodyStart = 4096
const bodyTime = 1_000

/** Opens client sockets; nothing else does. TLS sessions are resumed between its dials. */
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
        // The socket lives on, and must not keep the closures of this dial in memory.
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
        // An adapter's `classify` runs in a listener of the socket, where a throw would end the process.
        fault(cause)
      }
    }
    function fault (cause: unknown): void {
      settle({ refusal: { kind: 'fault' }, cause })
    }

    client.on('error', fault)
    client.on('response', response => {
      const { statusCode: status = 0, headers } = response
      if (status !== 400) return answered({ type: 'status', status, headers })
      readStart(response).then(body => answered({ type: 'status', status, headers, body }), fault)
    })
    client.on('upgrade', (response, upgraded, head) => {
      socket = upgraded
      // From the first tick on: an 'error' that nobody listens for ends the process.
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
      const parked = new ParkedSocket(upgraded, limits.maxMessageBytes + headSlack, limits, {
        first (text) {
          const event = text && parseEvent(text.toString())
          if (event !== undefined) answered({ type: 'event', event })
          if (!settled) settle({ ready: parked.take() })
        },
        ended: code => answered({ type: 'close', code }),
        failed: fault
      })
      parked.start(head)
    }
  })
}

/** The beginning of a body, as far as it comes in time. Never rejects. */
function readStart (response: IncomingMessage): Promise<string> {
  return new Promise(resolve => {
    let text = ''
    const done = (): void => {
      clearTimeout(timer)
      resolve(text.slice(0, bodyStart))
    }
    const timer = setTimeout(done, bodyTime)
    response.setEncoding('latin1')
    response.on('data', (more: string) => {
      text += more
      if (text.length >= bodyStart) done()
    })
    // After an error too.
    response.on('close', done)
    response.on('error', ignore)
  })
}

/** An 'error' of a socket is followed by its 'close', and that is what is acted on. */
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
