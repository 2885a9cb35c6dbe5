/** What decides whether a page of `origin` may connect. */
interface OriginRules {
  /** The option; absent: pages of the same host, and whoever brings a credential of its own. */
  readonly allowed: readonly string[] | undefined
  /** The host that the client asked, as `trustProxy` has it. */
  readonly host: string
  /** Whether the request brings a key. A browser never adds one by itself, as it does a cookie. */
  readonly hasCredential: boolean
}

/** Whether a client with this `Origin` may connect. One without, which is no browser, always may. */
export function originAllowed (origin: string | undefined, { allowed, host, hasCredential }: OriginRules): boolean {
  if (origin === undefined) return true
  if (allowed !== undefined) return allowed.includes('*') || allowed.includes(origin)
  // Otherwise a page of any site could use its visitor's cookie: cross-site WebSocket hijacking.
  return hasCredential || sameHost(origin, host)
}

/** By name and not by port: a development server has another port than its API. */
function sameHost (origin: string, host: string): boolean {
  const asked = `http://${host}`
  return URL.canParse(origin) && URL.canParse(asked) && new URL(origin).hostname !== '' && new URL(origin).hostname === new URL(asked).hostname
}
