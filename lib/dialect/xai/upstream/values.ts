import { isName } from '../../fields.ts'

/** Most characters of JSON with which an item is kept whole. */
export const largestItem = 16_384

/** An id or a name; `undefined` where the value is none, or too long to be kept. */
export function nameOf (value: unknown): string | undefined {
  return isName(value) ? value : undefined
}

/** `value` where it is a text, else `otherwise`. */
export function textOf (value: unknown, otherwise: string): string {
  return typeof value === 'string' ? value : otherwise
}

/** `value` where it is a number, else `otherwise`. */
export function numberOf (value: unknown, otherwise: number): number {
  return typeof value === 'number' ? value : otherwise
}

/** Whether a value is small enough to be kept: at most `most` characters of JSON. */
export function isSmall (value: unknown, most = largestItem): boolean {
  try {
    return (JSON.stringify(value) ?? '').length <= most
  } catch {
    // It is nested too deeply to be written.
    return false
  }
}
