const backslash = 0x5c
const padding = 0x3d

/** How many bytes the base64 text at `text[start, end)` decodes to. It stands in JSON, where `/` and `=` may be escaped. */
export function decodedBytes (text: Buffer, start: number, end: number): number {
  const escape = text.indexOf(backslash, start)
  if (escape !== -1 && escape < end) {
    const plain = unescaped(text.subarray(start, end))
    return sizeOf(plain, 0, plain.length)
  }
  return sizeOf(text, start, end)
}

function sizeOf (text: Buffer, start: number, end: number): number {
  let last = end
  while (last > start && text[last - 1] === padding) last--
  // Four characters are three bytes.
  return Math.floor((last - start) * 3 / 4)
}

/** @returns the text as it is where its escapes are not JSON's */
function unescaped (text: Buffer): Buffer {
  try {
    return Buffer.from(JSON.parse(`"${text.toString('latin1')}"`) as string, 'latin1')
  } catch {
    return text
  }
}
