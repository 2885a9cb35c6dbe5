import type { FastifyRequest } from 'fastify'
import type { Socket } from 'node:net'
import { Strangers } from '../admission/strangers.ts'
import { GatewayError } from '../errors.ts'

// Addresses that nobody has on the internet (RFC 1918, 4193, 6598, loopback, link-local), of IPv4 also as IPv6 writes them.
const privateAddress = /^(?:::ffff:)?(?:127\.|10\.|192\.168\.|169\.254\.|172\.(?:1[6-9]|2\d|3[01])\.|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.)|^::1$|^f[cd][0-9a-f]{2}:|^fe[89ab][0-9a-f]:/i
const forwarding = ['x-forwarded-for', 'forwarded', 'x-real-ip']

/**
 * Counts a client until it is known.
 * @returns ends the count
 * @throws GatewayError `at_capacity`
 */
export type EnterStranger = (request: FastifyRequest) => () => void

interface StrangersOptions {
  readonly maxUnauthenticated: number
  readonly maxUnauthenticatedPerAddress: number
}

export function createStrangers ({ maxUnauthenticated, maxUnauthenticatedPerAddress }: StrangersOptions): EnterStranger {
  const strangers = new Strangers(maxUnauthenticated, maxUnauthenticatedPerAddress)
  let warned = false

  /** `undefined` where all clients have one address: on a Unix socket, and behind a proxy that the host does not trust. */
  function addressOf ({ ip, headers, raw, log }: FastifyRequest): string | undefined {
    // A request that is injected has no socket.
    const peer = (raw.socket as Socket | undefined)?.remoteAddress
    if (peer === undefined || ip !== peer || !privateAddress.test(peer) || !forwarding.some(name => headers[name] !== undefined)) return ip
    if (!warned) log.warn('realtime gateway: a proxy in front says who its clients are, and is not believed: set trustProxy of Fastify, so that no client of it can take the place of all')
    warned = true
    return undefined
  }

  return request => {
    const known = strangers.enter(addressOf(request))
    if (typeof known === 'function') return known
    throw new GatewayError('at_capacity', known === 'network' ? { message: 'Too many connections from this address wait to be let in. Try again later.' } : {})
  }
}
