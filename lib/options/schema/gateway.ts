import type { RealtimeGatewayOptions, UpstreamAdapter } from '../../../types/index.ts'
import { defaultPath, masterKeyLength } from '../defaults.ts'
import { deployment } from './deployment.ts'
import { dialects } from './dialects.ts'
import { virtualKey } from './key.ts'
import { limits } from './limits.ts'
import { routing } from './routing.ts'
import { fields, flag, fn, list, name, of, oneOf, plugPoint, text, texts } from './builders.ts'

type Given<Name extends keyof RealtimeGatewayOptions> = NonNullable<RealtimeGatewayOptions[Name]>

const adapter = of<UpstreamAdapter>({
  type: 'object',
  properties: {
    provider: text('must be a name without a slash', { pattern: '^[^/]{1,256}$' }),
    request: fn(),
    serves: fn(),
    readyAt: fn(),
    classify: fn(),
    dialect: fn(),
    usage: fn()
  },
  required: ['provider', 'request'],
  rule: 'must be an object'
})

const route = 'must start with a slash and hold no ?, # or *'
const routePattern = '^/[^?#*]*$'

/** `ManagementOptions` */
export const management = fields({ prefix: text('must start with a slash', { pattern: '^/[^?#*]*$' }) }, { unknown: 'is not an option of the management API' })

/** `RealtimeGatewayOptions` */
export const gateway = fields({
  prefix: text('must be a text'),
  deployments: list(deployment),
  routing,
  cooldowns: plugPoint<Given<'cooldowns'>>('until', 'start', 'clear'),
  router: plugPoint<Given<'router'>>('candidates'),
  adapters: list(adapter),
  dialects,
  keys: list(virtualKey),
  keyStore: plugPoint<Given<'keyStore'>>('findByHash'),
  limitStore: plugPoint<Given<'limitStore'>>('acquire', 'renew', 'release'),
  limitStoreAway: oneOf(['closed', 'open'], 'closed'),
  masterKey: text(`must be a text of at least ${masterKeyLength.least} characters`, { minLength: masterKeyLength.least }),
  allowWeakMasterKey: flag(false),
  management,
  authenticate: fn<Given<'authenticate'>>(),
  path: text(route, { pattern: routePattern, default: defaultPath }),
  aliases: texts(text(route, { pattern: routePattern })),
  defaultModel: name('must be a model name'),
  allowedOrigins: texts(),
  refusal: oneOf(['auto', 'http', 'event'], 'auto'),
  ...limits,
  onSessionOpen: fn<Given<'onSessionOpen'>>(),
  onTurn: fn<Given<'onTurn'>>(),
  onSessionClose: fn<Given<'onSessionClose'>>()
}, { unknown: 'is not an option of the realtime gateway' })
