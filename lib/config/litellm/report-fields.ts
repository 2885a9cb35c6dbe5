import { didYouMean } from '../../options/did-you-mean.ts'
import type { Field } from './field.ts'
import { describe, knownFields } from './known-fields.ts'
import type { Section } from './known-fields.ts'
import type { Warnings } from './warnings.ts'

/** Warns of every field of a section that is not among `served`. An empty one (`timeout:`) says nothing and is passed over. */
export function reportFields (section: Section, fields: ReadonlyMap<string, Field>, served: readonly string[], warnings: Warnings): void {
  for (const [name, field] of fields) {
    if (served.includes(name) || field.value === null) continue
    const { known, hint } = describe(section, name)
    const advice = hint === undefined ? '' : `; ${hint}`
    if (known || hint !== undefined) warnings.add('not_served', field, `has no effect here${advice}`)
    else warnings.add('unknown', field, `is unknown and has no effect${didYouMean(name, [...served, ...knownFields(section)])}`)
  }
}
