import { GatewayError } from '../errors.ts'

// What opening a socket fails with where this process or machine has run out: of descriptors, of buffers, of ports of its own.
const exhausted: ReadonlySet<unknown> = new Set(['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM', 'EADDRNOTAVAIL'])

/** How long a client waits for what other sessions hold. */
const retryMs = 5_000

/**
 * The answer where a dial failed because of this process, before anything was sent: no deployment is to blame, and the next one would fail just so.
 * `undefined`: the upstream's own fault.
 */
export function ownFault (cause: unknown): GatewayError | undefined {
  return isExhausted(cause) ? new GatewayError('at_capacity', { retryAfterMs: retryMs, cause }) : undefined
}

function isExhausted (cause: unknown): boolean {
  if (!(cause instanceof Error)) return false
  // A host of several addresses: Node has tried them all. A machine without IPv6 has no address of its own for one of them, which is no lack.
  if (cause instanceof AggregateError) return cause.errors.length > 0 && cause.errors.every(isExhausted)
  // A look-up opens sockets and files of its own.
  return exhausted.has((cause as NodeJS.ErrnoException).code)
}
