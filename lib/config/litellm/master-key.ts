import { ConfigError } from '../../errors.ts'
import { masterKeyLength } from '../../options/resolve.ts'
import { fault } from './field.ts'
import type { Field } from './field.ts'
import { firstSet } from './providers.ts'
import type { Environment, Reader } from './reader.ts'
import type { Warnings } from './warnings.ts'

const { least, safe } = masterKeyLength

/** The master key from the first of `names` that is set. @throws {ConfigError} it is too short */
export function masterKeyFrom (env: Environment, names: readonly string[]): string | undefined {
  const key = firstSet(env, names)
  if (key === undefined || key.length >= least) return key
  const name = names.find(each => firstSet(env, [each]) !== undefined)
  throw new ConfigError(`the variable ${name} must have at least ${least} characters`)
}

/** The master key of a config file. @throws {ConfigError} it is too short */
export function readMasterKey (field: Field | undefined, reader: Reader): string | undefined {
  const key = reader.secret(field)
  if (key !== undefined && key.length < least) throw fault(field!, `must have at least ${least} characters`)
  return key
}

/** Warns of a master key that is accepted and should be longer. */
export function warnOfWeakKey (field: Field | undefined, key: string | undefined, warnings: Warnings): void {
  if (field !== undefined && key !== undefined && key.length < safe) {
    warnings.add('weak', field, `has fewer than ${safe} characters: it can be guessed`)
  }
}
