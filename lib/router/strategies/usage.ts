import type { Strategy } from './strategy.ts'

/** Least of its `rpm` and `tpm` used in the last minute, whichever is nearer to its limit. What has no limit has the most room. */
export const usage: Strategy = (_states, { now }) => ({ deployment: { rpm, tpm }, starts, tokens }) => {
  const ofStarts = rpm ? starts.total(now) / rpm : 0
  const ofTokens = tpm ? tokens.total(now) / tpm : 0
  return Math.max(ofStarts, ofTokens)
}
