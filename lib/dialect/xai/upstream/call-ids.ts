// OpenAI takes ids of calls of at most 32 characters, and its clients cut or hash longer ones. xAI's have 43: call-<UUID>-<index>.
const theirs = /^call-([0-9a-f]{8})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{12})-(0|[1-9]\d{0,2})$/
const named = /(?<![\w-])call-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}-\d{1,3}(?![\w-])/g

// Marks our ids: OpenAI's have only letters and digits behind `call_`.
const marker = 'call_x-'
// The last of the 22 characters of 16 bytes holds two bits.
const ours = /^call_x-([\w-]{21}[AQgw])(0|[1-9]\d{0,2})$/

/**
 * An id of xAI's in at most 32 characters. xAI's id can be computed from it, so that nothing has to be remembered.
 * @returns the same id where it has not the form of xAI's
 */
export function shortId (id: string): string {
  if (!id.startsWith('call-')) return id
  const match = theirs.exec(id)
  if (match === null) return id
  return `${marker}${Buffer.from(match.slice(1, 6).join(''), 'hex').toString('base64url')}${match[6]}`
}

/** @returns xAI's id of a call; the same id where it is not one of ours */
export function xaiId (id: string): string {
  if (!id.startsWith(marker)) return id
  const match = ours.exec(id)
  if (match === null) return id
  const hex = Buffer.from(match[1]!, 'base64url').toString('hex')
  return `call-${hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')}-${match[2]}`
}

/** A text of xAI's with the ids of calls as the client knows them. */
export function withShortIds (text: string): string {
  return text.includes('call-') ? text.replace(named, shortId) : text
}
