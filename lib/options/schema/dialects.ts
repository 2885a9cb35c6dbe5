import type { DialectName } from '../../../types/index.ts'
import { fields, flag, name, named, oneOf } from './builders.ts'

const names: readonly DialectName[] = ['openai', 'beta', 'xai']

/** The name of a dialect that clients speak. */
export const dialectName = oneOf(names)

const voices = named(name('must be the name of a voice'), 'must be an object of voice names by voice names')

/** `DialectOptions` */
export const dialects = fields({
  client: oneOf(names, 'openai'),
  strict: flag(false),
  xaiVoices: voices,
  openaiVoices: voices,
  successors: flag(false)
}, { unknown: 'is not a field of dialects' })
