/**
 * What the `*` of `pattern` stand for in `name`, `undefined` when the pattern does not match. A `*` matches any run of
 * characters, as few as possible; everything else matches itself. Linear in the length of `name` for each `*`.
 */
export function matchWildcard (pattern: string, name: string): string[] | undefined {
  const parts = pattern.split('*')
  if (parts.length === 1) return pattern === name ? [] : undefined
  const first = parts[0]!
  const last = parts.at(-1)!
  if (!name.startsWith(first) || !name.endsWith(last) || name.length < first.length + last.length) return undefined
  const end = name.length - last.length
  const matched: string[] = []
  let at = first.length
  for (const part of parts.slice(1, -1)) {
    const found = name.indexOf(part, at)
    if (found === -1 || found + part.length > end) return undefined
    matched.push(name.slice(at, found))
    at = found + part.length
  }
  matched.push(name.slice(at, end))
  return matched
}

/** `template` with each `*` replaced by what was matched, in order. */
export function fillWildcard (template: string, matched: readonly string[]): string {
  let next = 0
  return template.replaceAll('*', () => matched[next++] ?? '*')
}

/** Whether one of `patterns` matches; an absent or empty list allows everything. */
export function allowsModel (patterns: readonly string[] | undefined, model: string): boolean {
  return patterns === undefined || patterns.length === 0 || patterns.some(pattern => matchWildcard(pattern, model) !== undefined)
}
