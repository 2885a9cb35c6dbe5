import { masterKeyLength } from '../../options/defaults.ts'
import { fault } from './field.ts'
import type { Field } from './field.ts'
import type { Reader } from './reader.ts'
import type { Warnings } from './warnings.ts'

const { least, safe } = masterKeyLength

/** The master key of a config file. @throws {ConfigError} it is too short */
export function readMasterKey (field: Field | undefined, reader: Reader): string | undefined {
  const key = reader.secret(field)
  if (key !== undefined && key.length < least) throw fault(field!, `must be a text of at least ${least} characters`)
  return key
}

/** Warns of a master key that is accepted and should be longer. */
export function warnOfWeakKey (field: Field | undefined, key: string | undefined, warnings: Warnings): void {
  if (field !== undefined && key !== undefined && key.length < safe) {
    warnings.add('weak', field, `has fewer than ${safe} characters: it can be guessed`)
  }
}
