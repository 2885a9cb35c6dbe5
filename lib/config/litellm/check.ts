import type { RealtimeGatewayOptions } from '../../../types/index.ts'
import { OptionError } from '../../errors.ts'
import { resolveOptions } from '../../options/resolve.ts'

/**
 * Lets the plugin's own rules judge what was read, so that a broken one is told with its place.
 * @param complain makes the error from the path of the option (`keys[0].expiresAt`) and the rule
 */
export function checkOptions (options: RealtimeGatewayOptions, providers: Iterable<string>, complain: (option: string, rule: string) => Error): void {
  try {
    // What only code can give must not be missed here.
    resolveOptions({ ...options, deployments: options.deployments ?? [], authenticate: () => null }, [...providers])
  } catch (error) {
    const broken = error instanceof OptionError ? /option (.+?) ((?:must|cannot|is|names|or) .*)$/s.exec(error.message) : null
    throw broken === null ? error : complain(broken[1]!, broken[2]!)
  }
}
