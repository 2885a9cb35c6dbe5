const backslash = 0x5c
const padding = 0x3d

/** How many bytes the base64 text at `text[start, end)` stands for, in JSON as it is written: `/` and `=` may be escaped there. */
export function decodedBytes (text: Buffer, start: number, end: number): number {
  const escape = text.indexOf(backslash, start)
  if (escape !== -1 && escape < end) {
    const plain = unescaped(text, start, end)
    if (plain !== undefined) return decodedBytes(plain, 0, plain.length)
  }
  let last = end
  while (last > start && text[last - 1] === padding) last--
  // Four characters are three bytes.
  return Math.floor((last - start) * 3 / 4)
}

function unescaped (text: Buffer, start: number, end: number): Buffer | undefined {
  try {
    const plain = Buffer.from(JSON.parse(`"${text.toString('latin1', start, end)}"`) as string, 'latin1')
    return plain.includes(backslash) ? undefined : plain
  } catch {
    return undefined
  }
}
