/** Defaults of the options that are numbers; times in milliseconds, sizes in bytes. */
export const defaults = {
  connectTimeout: 10_000,
  upgradeTimeout: 20_000,
  maxUpgrades: 1_000,
  maxUnauthenticated: 500,
  maxUnauthenticatedPerAddress: 250,
  maxSessions: 10_000,
  openRate: 100,
  openBurst: 1_000,
  evictIdleAfter: 30 * 60_000,
  maxMessageBytes: 16 * 1024 * 1024,
  maxFragments: 16_384,
  maxBufferedBytes: 256 * 1024 * 1024,
  slowMessageTimeout: 15_000,
  maxEventValues: 20_000,
  byteRate: 16 * 1024 * 1024,
  byteBurst: 64 * 1024 * 1024,
  messageRate: 500,
  messageBurst: 5_000,
  controlRate: 10,
  controlBurst: 100,
  highWaterMark: 256 * 1024,
  lowWaterMark: 64 * 1024,
  stallTimeout: 30_000,
  pingInterval: 15_000,
  pongTimeout: 15_000,
  idleTimeout: 0,
  maxSessionDuration: 0,
  closeTimeout: 5_000,
  lingerTimeout: 10_000,
  drainTimeout: 10_000
} as const

/** The options that are numbers. */
export type NumberOption = keyof typeof defaults

/** Path of the route. */
export const defaultPath = '/v1/realtime'

/** Lengths of `masterKey`: the shortest that is taken, and the shortest that nobody guesses. */
export const masterKeyLength = { least: 4, safe: 16 } as const
