import { masterKeyLength } from '../../options/defaults.ts'
import { fault } from './field.ts'
import type { Field } from './field.ts'
import type { Reader } from './reader.ts'

const { least } = masterKeyLength

/** The master key of a config file. @throws {ConfigError} it is too short */
export function readMasterKey (field: Field | undefined, reader: Reader): string | undefined {
  const key = reader.secret(field)
  if (key !== undefined && key.length < least) throw fault(field!, `must be a text of at least ${least} characters`)
  return key
}
