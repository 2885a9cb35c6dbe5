import type { RealtimeGatewayOptions } from '../../types/index.ts'
import { OptionError } from '../errors.ts'
import { resolveOptions } from '../options.ts'
import { fault } from './field.ts'
import type { Field } from './field.ts'

/**
 * Lets the plugin's own rules judge what was read, and tells a broken one with its place in the file.
 * @param locate the field behind an option path such as `keys[0].expiresAt`
 */
export function checkOptions (options: RealtimeGatewayOptions, providers: Iterable<string>, locate: (option: string) => Field): void {
  try {
    // What only code can give must not be missed here.
    resolveOptions({ ...options, deployments: options.deployments ?? [], authenticate: () => null }, [...providers])
  } catch (error) {
    const broken = error instanceof OptionError ? /option (.+?) ((?:must|is|names|or) .*)$/s.exec(error.message) : null
    if (broken === null) throw error
    throw fault(locate(broken[1]!), broken[2]!)
  }
}
