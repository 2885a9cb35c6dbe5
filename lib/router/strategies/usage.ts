import type { Strategy } from './strategy.ts'

/** The least used in the last minute: by its share of `rpm` or of `tpm`, whichever is greater. One without limits counts as unused. */
export const usage: Strategy = (_states, { now }) => ({ deployment: { rpm, tpm }, starts, tokens }) => {
  const ofStarts = rpm ? starts.total(now) / rpm : 0
  const ofTokens = tpm ? tokens.total(now) / tpm : 0
  return Math.max(ofStarts, ofTokens)
}
