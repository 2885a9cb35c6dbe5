import { rule } from './rule.ts'

/** Checks `allowedOrigins`: what no browser sends would let nobody in. @throws OptionError */
export function checkOrigins (origins: readonly string[]): void {
  origins.forEach((origin, i) => {
    rule(origin === '*' || isOrigin(origin), `allowedOrigins[${i}]`, 'must be an origin as browsers send it, in lower case and without a slash at the end: https://app.example, http://localhost:5173; or * for all')
  })
}

function isOrigin (text: string): boolean {
  // `null` is what a page without an origin sends; apps and extensions have schemes of their own.
  if (text === 'null') return true
  if (!/^https?:/i.test(text)) return /^[a-z][a-z0-9+.-]*:\/\/[^/*\s]*$/.test(text)
  return URL.canParse(text) && new URL(text).origin === text && !text.includes('*')
}
