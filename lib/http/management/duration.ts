import { ManagementError } from './errors.ts'

const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400, w: 604_800 }

/**
 * Milliseconds of LiteLLM's `30s`, `30m`, `30h`, `30d`, `2w`; a month (`1mo`) is told by the calendar, so it is counted from `now`.
 * @throws ManagementError
 */
export function durationOf (text: string, now: number): number {
  const [, digits, unit] = /^([1-9]\d{0,8})(mo|[smhdw])$/.exec(text) ?? []
  if (digits === undefined || unit === undefined) throw new ManagementError(400, 'duration must be a number with a unit: 30s, 30m, 30h, 30d, 2w or 1mo.', 'duration')
  const ms = unit === 'mo' ? monthsFrom(now, Number(digits)) : Number(digits) * units[unit]! * 1_000
  // Beyond, no date can be written.
  if (!(now + ms <= 8.64e15)) throw new ManagementError(400, 'duration is too long.', 'duration')
  return ms
}

function monthsFrom (now: number, months: number): number {
  const date = new Date(now)
  const day = date.getUTCDate()
  date.setUTCMonth(date.getUTCMonth() + months, 1)
  const last = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate()
  date.setUTCDate(Math.min(day, last))
  return date.getTime() - now
}
