import type { DeploymentOptions, DialectOptions, KeyPolicy, RealtimeGatewayOptions, RoutingOptions, VirtualKeyOptions } from 'fastify-realtime-gateway'
import { describe, expect, test } from 'tstyche'
import type { Static } from 'typebox'
import type { deployment } from '../../lib/options/schema/deployment.ts'
import type { dialects } from '../../lib/options/schema/dialects.ts'
import type { gateway } from '../../lib/options/schema/gateway.ts'
import type { keyPolicy, virtualKey } from '../../lib/options/schema/key.ts'
import type { routing } from '../../lib/options/schema/routing.ts'
import type { Fields } from '../../lib/options/schema/builders.ts'

describe('an interface and its schema say the same', () => {
  test('deployments', () => {
    expect<Static<typeof deployment>>().type.toBe<DeploymentOptions>()
  })

  test('routing', () => {
    expect<Static<typeof routing>>().type.toBe<RoutingOptions>()
  })

  test('keys, and what they may do', () => {
    expect<Static<Fields<typeof keyPolicy>>>().type.toBe<KeyPolicy>()
    expect<Static<typeof virtualKey>>().type.toBe<VirtualKeyOptions>()
  })

  test('dialects', () => {
    expect<Static<typeof dialects>>().type.toBe<DialectOptions>()
  })

  test('the options as a whole', () => {
    // Fastify's own type of `prefix` takes no `undefined`.
    expect<Omit<Static<typeof gateway>, 'prefix'>>().type.toBe<Omit<RealtimeGatewayOptions, 'prefix'>>()
    expect<Static<typeof gateway>['prefix']>().type.toBe<RealtimeGatewayOptions['prefix']>()
  })

  test('one that differs is noticed', () => {
    expect<Static<typeof deployment>>().type.not.toBe<Omit<DeploymentOptions, 'weight'>>()
    expect<Static<typeof dialects>>().type.not.toBe<Omit<DialectOptions, 'strict'> & { readonly strict?: string }>()
  })
})
