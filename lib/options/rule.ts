import { OptionError } from '../errors.ts'

/** A rule that no schema can say, for it looks at several options. @throws OptionError with the option and the rule, unless the rule `holds` */
export function rule (holds: boolean, option: string, text: string): void {
  if (!holds) throw new OptionError(option, text)
}
