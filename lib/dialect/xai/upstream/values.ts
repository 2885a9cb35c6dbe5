import { isName } from '../../fields.ts'

/** The characters of an item, as JSON, up to which it is kept. */
export const largestItem = 16_384

/** An id or a name; `undefined` where the value is none, or too long to be kept. */
export function nameOf (value: unknown): string | undefined {
  return isName(value) ? value : undefined
}

/** A text that is given, else the other. */
export function textOf (value: unknown, otherwise: string): string {
  return typeof value === 'string' ? value : otherwise
}

/** A number that is given, else the other. */
export function numberOf (value: unknown, otherwise: number): number {
  return typeof value === 'number' ? value : otherwise
}

/** Whether a value is small enough to be kept: as JSON of at most so many characters. */
export function isSmall (value: unknown, most = largestItem): boolean {
  try {
    return (JSON.stringify(value) ?? '').length <= most
  } catch {
    // Too deep to be written.
    return false
  }
}
