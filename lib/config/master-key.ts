import { ConfigError } from '../errors.ts'
import { firstSet } from './providers.ts'
import type { Environment } from './reader.ts'

/** Shorter keys can be guessed. */
export const minMasterKeyLength = 16

/** The master key from the first of `names` that is set. @throws {ConfigError} it is too short */
export function masterKeyFrom (env: Environment, names: readonly string[]): string | undefined {
  const key = firstSet(env, names)
  if (key === undefined || key.length >= minMasterKeyLength) return key
  const name = names.find(each => firstSet(env, [each]) !== undefined)
  throw new ConfigError(`the variable ${name} must have at least ${minMasterKeyLength} characters`)
}
