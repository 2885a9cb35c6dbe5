const mapped = /^::ffff:(?=\d+\.)/i

// Longer than any address. With `trustProxy: true` a client writes what it likes here, and tables keep it.
const longestAddress = 64

/**
 * What clients are counted by. Of IPv6 the first 64 bits: whoever has one address of such a network has all of them.
 * @param address `undefined` on a Unix socket, where all are one
 */
export function network (address = ''): string {
  const plain = address.slice(0, longestAddress).replace(mapped, '')
  if (!plain.includes(':') || plain.includes('.')) return plain
  const [head = '', tail = ''] = plain.split('::')
  const before = head === '' ? [] : head.split(':')
  const after = tail === '' ? [] : tail.split(':')
  const zeros = plain.includes('::') ? Array.from({ length: Math.max(0, 8 - before.length - after.length) }, () => '0') : []
  return [...before, ...zeros, ...after].slice(0, 4).map(group => parseInt(group, 16).toString(16)).join(':')
}
