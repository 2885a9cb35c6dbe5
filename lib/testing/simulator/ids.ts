import { base62 } from './random.ts'
import type { Random } from './random.ts'

// The first five characters of an OpenAI id count seconds from here; recovered from recorded ids and their
// sessions' `expires_at`, which agree to the second.
const EPOCH_SECONDS = 1_576_800_000

/** `event_E6U0upa15CBe8gAnApXCO`: prefix, five time-ordered characters, sixteen random ones. */
export function openAiId (prefix: string, random: Random, nowMs: number): string {
  let seconds = Math.max(0, Math.floor(nowMs / 1000) - EPOCH_SECONDS)
  let time = ''
  for (let i = 0; i < 5; i++) {
    time = base62[seconds % 62]! + time
    seconds = Math.floor(seconds / 62)
  }
  return `${prefix}_${time}${random.text(16, base62)}`
}

/** `call_uMNE0Myi2tDTPu0w`. */
export function openAiCallId (random: Random): string {
  return `call_${random.text(16, base62)}`
}

const hex = '0123456789abcdef'

/** 32 hex digits, as xAI names its sessions. */
export function hexId (random: Random): string {
  return random.text(32, hex)
}

/** A version 4 UUID, as xAI names everything else. */
export function uuid (random: Random): string {
  const digits = hexId(random)
  const variant = hex[8 + (parseInt(digits[16]!, 16) & 3)]!
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-4${digits.slice(13, 16)}-${variant}${digits.slice(17, 20)}-${digits.slice(20)}`
}
