import t from 'tap'
import type { Test } from 'tap'
import { resolveOptions } from '../../lib/options/resolve.ts'
import type { RoutingOptions } from '../../types/index.ts'
import { canary, deployment, escape, failure, load, messages } from '../fixtures/litellm.ts'

/** What `router_settings` make of the option `routing`, with the groups `a`, `b`, `c` and whatever begins with `xai/`. */
function routing (t: Test, settings: string, more = ''): { routing: RoutingOptions | undefined, warnings: string[] } {
  const config = load(t, `model_list:
  - { model_name: a, litellm_params: { model: xai/a } }
  - { model_name: b, litellm_params: { model: xai/b } }
  - { model_name: c, litellm_params: { model: xai/c } }
  - { model_name: xai/*, litellm_params: { model: xai/* } }
router_settings: ${settings}
${more}`)
  resolveOptions({ ...config.options, masterKey: canary }, ['openai', 'xai'])
  return { routing: config.options.routing, warnings: messages(config) }
}

t.test('each routing setting of LiteLLM means here what it means there', async t => {
  for (const [settings, expected] of [
    ['{ routing_strategy: simple-shuffle }', { strategy: 'simple-shuffle' }],
    ['{ routing_strategy: least-busy }', { strategy: 'least-busy' }],
    ['{ routing_strategy: usage-based-routing }', { strategy: 'usage' }],
    ['{ routing_strategy: usage-based-routing-v2 }', { strategy: 'usage' }],
    ['{ routing_strategy: latency-based-routing, routing_strategy_args: { lowest_latency_buffer: 0.5 } }', { strategy: 'latency', latencyBuffer: 0.5 }],
    ['{ routing_strategy: cost-based-routing }', { strategy: 'cost' }],
    ['{ num_retries: 0 }', { maxCandidates: 1 }],
    ['{ num_retries: "2" }', { maxCandidates: 3 }],
    ['{ num_retries: 1000 }', { maxCandidates: 100 }],
    ['{ allowed_fails: 0 }', { allowedFails: 1 }],
    ['{ allowed_fails: 2 }', { allowedFails: 3 }],
    ['{ cooldown_time: 30 }', { cooldownMs: 30_000 }],
    ['{ cooldown_time: 0.5 }', { cooldownMs: 500 }],
    ['{ disable_cooldowns: true, cooldown_time: 30 }', { cooldownMs: 0 }],
    ['{ disable_cooldowns: false }', undefined],
    ['{ enable_tag_filtering: true, tag_filtering_match_any: true }', { tagFiltering: true }],
    ['{ enable_tag_filtering: false }', { tagFiltering: false }],
    ['{ fallbacks: [{ a: [b] }] }', { fallbacks: { a: ['b'] }, maxCandidates: 8 }],
    ['{ fallbacks: [{ a: [b] }, { a: [c] }] }', { fallbacks: { a: ['b'] }, maxCandidates: 8 }],
    ['{ fallbacks: [{ a: [b, xai/grok] }], num_retries: 0 }', { fallbacks: { a: ['b', 'xai/grok'] }, maxCandidates: 3 }],
    ['{ fallbacks: [{ a: [b] }], default_fallbacks: [c], num_retries: 1 }', { fallbacks: { a: ['b', 'c'] }, defaultFallbacks: ['c'], maxCandidates: 6 }],
    ['{ fallbacks: [{ "*": [b] }], num_retries: 0 }', { defaultFallbacks: ['b'], maxCandidates: 2 }],
    ['{ fallbacks: [{ "*": [b] }], default_fallbacks: [c], num_retries: 0 }', { defaultFallbacks: ['c'], maxCandidates: 2 }],
    ['{ fallbacks: [{ a: [] }] }', { fallbacks: { a: [] } }],
    ['{ optional_pre_call_checks: [enforce_model_rate_limits] }', undefined],
    ['{ model_group_alias: { w: a, x: { model: b, hidden: true } } }', { aliases: { w: 'a', x: 'b' } }]
  ] as const) {
    const answer = routing(t, settings)
    t.strictSame(answer.routing, expected, settings)
    t.strictSame(answer.warnings, [], `${settings} is no warning`)
  }
})

t.test('a fallback goes on with its own fallbacks, as deep as max_fallbacks allows, and comes to no model twice', async t => {
  const chain = 'fallbacks: [{ a: [b, xai/last] }, { b: [c, a] }, { c: [xai/deep] }], num_retries: 0'
  for (const [more, a, maxCandidates] of [
    ['', ['b', 'c', 'xai/deep', 'xai/last'], 5],
    [', max_fallbacks: 2', ['b', 'c', 'xai/last'], 5],
    [', max_fallbacks: 1', ['b', 'xai/last'], 3],
    [', max_fallbacks: 0', [], 1]
  ] as const) {
    t.match(routing(t, `{ ${chain}${more} }`).routing, { fallbacks: { a }, maxCandidates }, `${more}`)
  }
  t.strictSame(routing(t, '{ model_group_alias: { w: b }, fallbacks: [{ a: [w] }, { w: [c, a] }, { b: [a] }], num_retries: 0 }').routing,
    { aliases: { w: 'b' }, fallbacks: { a: ['w', 'c'], b: ['c', 'a'] }, maxCandidates: 3 }, 'an alias is its group')
})

t.test('litellm_settings hold some of them too, and router_settings count first', async t => {
  const litellm = 'litellm_settings: { num_retries: 1, allowed_fails: 4, cooldown_time: 9, fallbacks: [{ a: [b] }], default_fallbacks: [c] }'
  t.strictSame(routing(t, '{}', litellm), {
    routing: { allowedFails: 5, cooldownMs: 9000, fallbacks: { a: ['b', 'c'] }, defaultFallbacks: ['c'], maxCandidates: 6 },
    warnings: []
  })
  t.strictSame(routing(t, '{ num_retries: 0, allowed_fails: 1, cooldown_time: 1, fallbacks: [{ b: [a] }], default_fallbacks: [a] }', litellm).routing,
    { allowedFails: 2, cooldownMs: 1000, fallbacks: { b: ['a'] }, defaultFallbacks: ['a'], maxCandidates: 2 })
  t.match(routing(t, '{ num_retries: }', litellm).routing, { maxCandidates: 6 }, 'an empty field says nothing')
})

t.test('realtime_settings.routing counts over both, and lists by name are put together', async t => {
  t.strictSame(routing(t, '{ routing_strategy: least-busy, cooldown_time: 9, num_retries: 1, fallbacks: [{ a: [b] }], model_group_alias: { w: a } }', `realtime_settings:
  routing:
    strategy: cost
    max_candidates: 9
    hedge_after_ms: os.environ/XAI_API_KEY_MS
    fallbacks: { GPT.Voice: [w] }
    aliases: { Own.Name: b }
    groups: { a: { sticky: user } }
environment_variables: { XAI_API_KEY_MS: "250" }
`).routing, {
    strategy: 'cost',
    cooldownMs: 9000,
    maxCandidates: 9,
    hedgeAfterMs: 250,
    fallbacks: { a: ['b'], 'GPT.Voice': ['w'] },
    aliases: { w: 'a', 'Own.Name': 'b' },
    groups: { a: { sticky: 'user' } }
  })
})

t.test('fallbacks and aliases that no realtime deployment serves are left out', async t => {
  t.strictSame(routing(t, `
  fallbacks:
    - { gpt-4: [claude] }
    - a: [claude, b, { model: c, api_key: ${canary} }]
  default_fallbacks: [claude]
  model_group_alias:
    nobody: nothing
    all: xai/*
    fast: xai/grok-voice-latest
    c: a
    same: same
    second: c
`), {
    routing: { aliases: { fast: 'xai/grok-voice-latest', c: 'a' }, fallbacks: { a: ['b'] }, maxCandidates: 8 },
    warnings: [
      'config.yaml:12: router_settings.model_group_alias.nobody names no realtime group of one model; the alias is left out',
      'config.yaml:13: router_settings.model_group_alias.all names no realtime group of one model; the alias is left out',
      'config.yaml:15: router_settings.model_group_alias.c hides the group that has the same name, as in LiteLLM',
      'config.yaml:17: router_settings.model_group_alias.second names an alias; the alias is left out',
      'config.yaml:8: router_settings.fallbacks[0].gpt-4 is skipped: no realtime deployment serves the model',
      'config.yaml:9: router_settings.fallbacks[1].a[0] names claude, which no realtime deployment serves; the fallback is left out',
      'config.yaml:9: router_settings.fallbacks[1].a[2] is more than a model name, which no file can give a session here; the fallback is left out',
      'config.yaml:10: router_settings.default_fallbacks[0] names claude, which no realtime deployment serves; the fallback is left out'
    ]
  })
})

t.test('routing settings without effect are told', async t => {
  t.strictSame(routing(t, `
  routing_strategy_args: { ttl: 3, surprise: ${canary} }
  tag_filtering_match_any: false
  optional_pre_call_checks: [router_budget_limiting, deployment_affinity]
`), {
    routing: undefined,
    warnings: [
      'config.yaml:7: router_settings.routing_strategy_args.ttl has no effect here',
      'config.yaml:7: router_settings.routing_strategy_args.surprise is unknown and has no effect',
      'config.yaml:8: router_settings.tag_filtering_match_any has no effect here; one tag in common is enough',
      'config.yaml:9: router_settings.optional_pre_call_checks[0] has no effect here',
      'config.yaml:9: router_settings.optional_pre_call_checks[1] has no effect here; realtime_settings.routing.sticky keeps a key on its deployment'
    ]
  })
})

t.test('a wrong routing setting is an error that names it', async t => {
  for (const [settings, expected] of [
    ['num_retries: -1', 'num_retries must be a whole number of at least 0'],
    ['allowed_fails: 1.5', 'allowed_fails must be a whole number of at least 0'],
    ['cooldown_time: -1', 'cooldown_time must be a number of seconds from 0 to 2147483'],
    ['cooldown_time: 3000000', 'cooldown_time must be a number of seconds from 0 to 2147483'],
    ['routing_strategy: 3', 'routing_strategy must be a text, not a number; put it in quotes'],
    ['routing_strategy_args: { lowest_latency_buffer: -1 }', 'routing_strategy_args.lowest_latency_buffer must be a number from 0 to 100'],
    ['fallbacks: [b]', 'fallbacks[0] must be a mapping, not a text'],
    ['fallbacks: [~]', 'fallbacks[0] must be a mapping, not nothing'],
    ['fallbacks: { a: [b] }', 'fallbacks must be a list, not a mapping'],
    ['fallbacks: [{ voice: b }]', 'fallbacks[0].voice must be a list, not a text'],
    ['fallbacks: [{ "*": [~] }]', 'fallbacks[0].*[0] must be a text, not nothing'],
    ['max_fallbacks: a few', 'max_fallbacks must be a number, not a text'],
    ['enable_tag_filtering: perhaps', 'enable_tag_filtering must be true or false, not a text'],
    ['model_group_alias: { a: [] }', 'model_group_alias.a must be a single value, not a list']
  ] as const) {
    t.match(failure(t, `${deployment()}router_settings: { ${settings} }`), new RegExp(`^config\\.yaml:5: router_settings\\.${escape(expected)}$`))
  }
  t.match(failure(t, deployment('cooldown_time: -1')), /^config\.yaml:5: model_list\[0\]\.litellm_params\.cooldown_time must be a number of seconds/)
})

t.test('disable_cooldowns counts over the cooldown of a deployment', async t => {
  const { options } = load(t, deployment('cooldown_time: 60') + 'router_settings: { disable_cooldowns: true }')
  t.strictSame([options.deployments?.[0]?.cooldownMs, options.routing?.cooldownMs], [undefined, 0])
})

t.test('rpm and tpm are shares, and rpm is a limit only where LiteLLM makes it one', async t => {
  const list = 'model_list:\n' + ['rpm: 6, tpm: 50', 'rpm: 3'].map(params => `  - { model_name: v, litellm_params: { model: xai/m, ${params} } }\n`).join('')
  for (const [more, rpm, weight] of [
    ['', [undefined, undefined], [6, 3]],
    ['router_settings: { optional_pre_call_checks: [enforce_model_rate_limits] }', [6, 3], [6, 3]],
    ['router_settings: { routing_strategy: usage-based-routing-v2 }', [6, 3], [undefined, undefined]],
    ['router_settings: { routing_strategy: least-busy }', [undefined, undefined], [undefined, undefined]],
    ['realtime_settings: { routing: { groups: { v: { strategy: usage } } } }', [6, 3], [undefined, undefined]]
  ] as const) {
    const { options, warnings } = load(t, list + more)
    t.strictSame(options.deployments?.map(each => each.rpm), rpm, `limits with ${more}`)
    t.strictSame(options.deployments?.map(each => each.weight), weight, `shares with ${more}`)
    t.strictSame(options.deployments?.map(each => each.tpm), [50, undefined])
    t.strictSame(warnings, [])
  }
})

t.test('custom prices give the price of a minute of voice where one follows from them', async t => {
  const unknown = (name: string): string => `litellm_params.${name} gives no price of a minute of voice; input_cost_per_second and output_cost_per_second do`
  for (const [model, prices, price, told] of [
    ['openai/gpt-realtime-2.1', 'input_cost_per_audio_token: 0.000032, output_cost_per_audio_token: 6.4e-5', { inputPerMinute: 0.0192, outputPerMinute: 0.0768 }, []],
    ['xai/grok-voice-latest', 'input_cost_per_second: 0.001', { inputPerMinute: 0.06, outputPerMinute: 0.06 }, []],
    ['xai/grok-voice-latest', 'input_cost_per_second: 0.000005', { inputPerMinute: 0.0003, outputPerMinute: 0.0003 }, []],
    ['xai/grok-voice-latest', 'input_cost_per_second: 0.001, output_cost_per_second: 0', { inputPerMinute: 0.06, outputPerMinute: 0 }, []],
    ['xai/grok-voice-latest', 'input_cost_per_audio_token: 1, output_cost_per_audio_token: 2', undefined, [unknown('input_cost_per_audio_token'), unknown('output_cost_per_audio_token')]],
    ['openai/gpt-realtime-2.1', 'input_cost_per_audio_token: 1', undefined, [unknown('input_cost_per_audio_token')]],
    ['openai/mine', 'input_cost_per_audio_token: 1, output_cost_per_audio_token: 2', undefined, [unknown('input_cost_per_audio_token'), unknown('output_cost_per_audio_token')]],
    ['xai/grok-voice-latest', 'output_cost_per_second: 1', undefined, [unknown('output_cost_per_second')]],
    ['openai/gpt-realtime-2.1', 'input_cost_per_audio_token: 1, output_cost_per_audio_token: 2, input_cost_per_second: 9', { inputPerMinute: 600, outputPerMinute: 2400 }, ['litellm_params.input_cost_per_second has no effect here']],
    ['openai/gpt-realtime-2.1', 'input_cost_per_token: 1', undefined, ['litellm_params.input_cost_per_token has no effect here']]
  ] as const) {
    const config = load(t, `model_list: [{ model_name: v, litellm_params: { model: ${model}, ${prices} } }]`)
    t.strictSame(config.options.deployments?.[0]?.price, price, `${model} ${prices}`)
    t.strictSame(messages(config).map(message => message.replace('config.yaml:1: model_list[0].', '')), told)
  }
  const info = load(t, deployment() + '    model_info: { input_cost_per_second: 0.001 }')
  t.match(info.options.deployments, [{ price: { inputPerMinute: 0.06 } }], 'model_info may hold them')
  t.strictSame(info.warnings, [])
  t.equal(failure(t, deployment('input_cost_per_second: -1')), 'config.yaml:5: model_list[0].litellm_params.input_cost_per_second must not be negative')
})

t.test('what LiteLLM keeps in the metadata of a key counts', async t => {
  const keys = (text: string) => load(t, `realtime_settings: { keys: [{ key: ${canary}, ${text} }] }`).options.keys?.[0]
  t.strictSame(keys('metadata: { disable_fallbacks: true, tags: [eu], team: 7 }'), {
    key: canary, metadata: { disable_fallbacks: true, tags: ['eu'], team: 7 }, fallbacks: false, tags: ['eu']
  })
  t.strictSame(keys('metadata: { disable_fallbacks: false, tags: }'), { key: canary, metadata: { disable_fallbacks: false, tags: null } })
  t.match(keys('fallbacks: true, tags: [us], metadata: { disable_fallbacks: true, tags: [eu] }'), { fallbacks: true, tags: ['us'] }, 'the members of its own count first')
})

t.test('a group is shared by weight, else by rpm, else by tpm; who has none of it counts 0', async t => {
  for (const [group, expected, changed] of [
    [['weight: 3', 'weight: 1'], [3, 1], 0],
    [['weight: 3', 'rpm: 9'], [3, 0], 1],
    [['rpm: 3', 'tpm: 9'], [3, 0], 1],
    [['tpm: 3', 'tpm: 9'], [3, 9], 0],
    [['api_base:', 'api_base:'], [undefined, undefined], 0],
    [['weight: 3, order: 1', 'order: 2'], [3, undefined], 0]
  ] as const) {
    const list = group.map(params => `  - { model_name: v, litellm_params: { model: xai/m, ${params} } }\n`).join('')
    const { options, warnings } = load(t, `model_list:\n${list}`)
    t.strictSame(options.deployments?.map(({ weight }) => weight), expected, group.join(' and '))
    t.equal(warnings.filter(({ kind }) => kind === 'changed').length, changed)
  }
})

t.test('who has no order comes after all of its group that have one', async t => {
  const list = (...orders: string[]): string => 'model_list:\n' + orders.map(order => `  - { model_name: v, litellm_params: { model: xai/m, ${order} } }\n`).join('')
  for (const [orders, expected] of [
    [['order: 2', 'api_base:', 'order: 1'], [2, 3, 1]],
    [['api_base:', 'api_base:'], [undefined, undefined]],
    [['order: 0', 'order: 1', 'order:'], [0, 1, 2]]
  ] as const) t.strictSame(load(t, list(...orders)).options.deployments?.map(({ order }) => order), expected)
  const { options } = load(t, deployment() + '    model_info: { order: 4 }\n  - { model_name: w, litellm_params: { model: xai/m } }')
  t.strictSame(options.deployments?.map(({ order }) => order), [4, undefined], 'model_info may hold the order, and another group does not count')
})
