import t from 'tap'
import { resolveOptions } from '../../lib/options.ts'
import type { RoutingOptions } from '../../types/index.ts'
import { canary, deployment, escape, failure, load, messages } from '../fixtures/litellm.ts'

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

t.test('an alias serves the deployments of its group once more, under ids of their own', async t => {
  const config = load(t, `
model_list:
  - { model_name: v, litellm_params: { model: xai/m }, model_info: { id: one } }
  - { model_name: v, litellm_params: { model: xai/m } }
  - { model_name: hidden, litellm_params: { model: xai/h } }
  - { model_name: xai/*, litellm_params: { model: xai/* } }
router_settings:
  model_group_alias:
    w: v
    x: { model: v, hidden: true }
    hidden: v
    fast: xai/grok-voice-latest
    nobody: nothing
    all: xai/*
`)
  const served = config.options.deployments ?? []
  t.strictSame(served.map(({ id, model, target }) => [id, model, target]), [
    ['one', 'v', 'xai/m'], [undefined, 'v', 'xai/m'], [undefined, 'xai/*', 'xai/*'],
    ['w/one', 'w', 'xai/m'], [undefined, 'w', 'xai/m'],
    ['x/one', 'x', 'xai/m'], [undefined, 'x', 'xai/m'],
    ['hidden/one', 'hidden', 'xai/m'], [undefined, 'hidden', 'xai/m'],
    [undefined, 'fast', 'xai/grok-voice-latest']
  ])
  t.strictSame(messages(config), [
    'config.yaml:11: router_settings.model_group_alias.hidden hides the group that has the same name, as in LiteLLM',
    'config.yaml:13: router_settings.model_group_alias.nobody names no realtime group of one model; the alias is left out',
    'config.yaml:14: router_settings.model_group_alias.all names no realtime group of one model; the alias is left out'
  ])
  t.equal(new Set(resolveOptions({ ...config.options, masterKey: canary }, ['openai', 'xai']).deployments.map(({ id }) => id)).size, served.length)
})

