import { OptionError } from '../errors.ts'

/** A rule that no schema can express, because it is about several options. @throws OptionError with the option and the rule, unless the rule `holds` */
export function rule (holds: boolean, option: string, text: string): void {
  if (!holds) throw new OptionError(option, text)
}

/** Refuses `os.environ/NAME`: only LiteLLM's files resolve it, and here it would be taken for the secret itself. @throws OptionError */
export function checkSecret (secret: string | undefined, option: string): void {
  rule(secret?.startsWith('os.environ/') !== true, option, 'must be the secret itself: os.environ/ means something in a config file only; in code, give process.env.NAME')
}
