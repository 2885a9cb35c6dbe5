import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { loadLiteLLMConfig } from '../../lib/config/litellm/load.ts'
import { resolveOptions } from '../../lib/options/resolve.ts'
import { gateway } from '../../lib/options/schema/gateway.ts'
import type { OptionSchema } from '../../lib/options/schema/builders.ts'
import { kindOf, snakeCase } from '../../lib/options/written.ts'
import { bothKeys, canary, deployment, escape, failure, load, messages } from '../fixtures/litellm.ts'

const issueFile = `model_list:
  - model_name: grok-voice-agent
    litellm_params:
      model: xai/grok-voice-latest
      api_key: os.environ/XAI_API_KEY
    model_info:
      mode: realtime
  - model_name: grok-voice-agent
    litellm_params:
      model: openai/gpt-4o-realtime-preview-2024-10-01
      api_key: os.environ/OPENAI_API_KEY
    model_info:
      mode: realtime
`

t.test('the documented file of LiteLLM runs unchanged, without a warning', async t => {
  const { options, warnings } = load(t, issueFile)
  t.strictSame(options, {
    deployments: [
      { model: 'grok-voice-agent', target: 'xai/grok-voice-latest', apiKey: 'xai-key' },
      { model: 'grok-voice-agent', target: 'openai/gpt-4o-realtime-preview-2024-10-01', apiKey: 'openai-key' }
    ]
  })
  t.strictSame(warnings, [])
})

t.test('the files of the documentation load without a warning', async t => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/litellm.md'), 'utf8')
  const blocks = [...page.matchAll(/```yaml\n(.*?)```/gs)].map(match => match[1]!)
  t.equal(blocks[0], issueFile)
  const env = { ...bothKeys, TEAM_A_KEY: canary, AZURE_API_KEY: 'azure-key' }
  const { options, warnings } = load(t, blocks.slice(0, 2).join(''), { env })
  t.strictSame(warnings, [])
  const others = blocks.slice(2).map(block => load(t, block, { env }))
  t.match(others, [{ options: { deployments: [{ target: 'azure/gpt-realtime' }] } }])
  t.ok(others.every(({ warnings }) => warnings.length === 0))
  t.match(options, { defaultModel: 'grok-voice-agent', connectTimeout: 5000, keys: [{ key: canary, models: ['grok-voice-agent'], expiresAt: '2027-01-01' }] })
})

t.test('what is loaded is what the plugin takes', async t => {
  const { options } = load(t, issueFile + `general_settings: { master_key: ${canary} }\n`)
  t.equal(resolveOptions(options, ['openai', 'xai']).deployments.length, 2)
})

t.test('the environment is read and not changed', async t => {
  const env = Object.freeze({ XAI_API_KEY: 'outer' })
  const { options } = load(t, 'environment_variables: { XAI_API_KEY: inner, COPY: os.environ/XAI_API_KEY, GONE: os.environ/NOT_SET }\n' + deployment('organization: os.environ/COPY'), { env })
  t.equal(options.deployments?.[0]?.apiKey, 'inner', 'the variable of the file counts before the outer one')
  t.strictSame(options.deployments?.[0]?.headers, { 'OpenAI-Organization': 'outer' }, 'one that refers to another takes the outer value')
})

t.test('each field of a deployment means what it means in LiteLLM', async t => {
  for (const [params, expected] of [
    [['api_key: my-key'], { apiKey: 'my-key' }],
    [['api_base: https://eu.example/v1'], { apiKey: 'xai-key', baseUrl: 'https://eu.example/v1' }],
    [['weight: 3'], { apiKey: 'xai-key', weight: 3 }],
    [['weight: "3"'], { apiKey: 'xai-key', weight: 3 }],
    [['order: 2'], { apiKey: 'xai-key', order: 2 }],
    [['rpm: 60'], { apiKey: 'xai-key', weight: 60 }],
    [['tpm: 6000'], { apiKey: 'xai-key', tpm: 6000, weight: 6000 }],
    [['cooldown_time: 2.5'], { apiKey: 'xai-key', cooldownMs: 2500 }],
    [['cooldown_time: 0'], { apiKey: 'xai-key', cooldownMs: 0 }],
    [['tags: [eu, default]'], { apiKey: 'xai-key', tags: ['eu', 'default'] }],
    [['max_parallel_requests: 7'], { apiKey: 'xai-key', maxSessions: 7 }],
    [['extra_headers: { X-A: b, X-N: 5 }'], { apiKey: 'xai-key', headers: { 'X-A': 'b', 'X-N': '5' } }],
    [['organization: org-1'], { apiKey: 'xai-key', headers: { 'OpenAI-Organization': 'org-1' } }],
    [['organization: org-1', 'extra_headers: { OpenAI-Organization: org-2 }'], { apiKey: 'xai-key', headers: { 'OpenAI-Organization': 'org-2' } }],
    [['api_key:', 'weight:', 'rpm: ""'], { apiKey: 'xai-key' }]
  ] as const) {
    t.strictSame(load(t, deployment(...params)).options.deployments, [{ model: 'voice', target: 'xai/grok-voice-latest', ...expected }], params.join(', '))
  }
})

t.test('the id of model_info is the id of the deployment', async t => {
  t.equal(load(t, deployment() + '    model_info: { id: one }\n').options.deployments?.[0]?.id, 'one')
})

t.test('os.environ/ works for every value, and numbers come as texts there', async t => {
  const { options } = load(t, `
model_list:
  - model_name: os.environ/NAME
    litellm_params: { model: os.environ/MODEL, api_key: os.environ/KEY, weight: os.environ/NUMBER, extra_headers: { X-A: os.environ/NAME } }
    model_info: { mode: os.environ/MODE, id: os.environ/NAME }
general_settings: { master_key: os.environ/MASTER }
realtime_settings:
  connect_timeout: os.environ/NUMBER
  aliases: [os.environ/ALIAS]
  keys: [{ hash: os.environ/HASH, blocked: os.environ/FLAG, metadata: { deep: [os.environ/NAME] } }]
`, { env: { NAME: 'n', MODEL: 'openai/m', KEY: 'k', NUMBER: '9', MODE: 'realtime', MASTER: canary, ALIAS: '/a', HASH: 'a'.repeat(64), FLAG: 'True' } })
  t.strictSame(options, {
    connectTimeout: 9,
    aliases: ['/a'],
    keys: [{ hash: 'a'.repeat(64), blocked: true, metadata: { deep: ['n'] } }],
    deployments: [{ id: 'n', model: 'n', target: 'openai/m', apiKey: 'k', headers: { 'X-A': 'n' }, weight: 9 }],
    masterKey: canary
  })
})

t.test('keys and addresses fall back to the variables that LiteLLM reads', async t => {
  for (const [model, env, expected] of [
    ['xai/m', { XAI_API_KEY: 'k' }, { apiKey: 'k' }],
    ['xai/m', { XAI_API_KEY: 'k', XAI_API_BASE: 'https://x.example/v1', OPENAI_BASE_URL: 'https://o.example' }, { apiKey: 'k', baseUrl: 'https://x.example/v1' }],
    ['openai/m', { OPENAI_API_KEY: 'k', OPENAI_API_BASE: 'https://b.example', XAI_API_BASE: 'https://x.example' }, { apiKey: 'k', baseUrl: 'https://b.example' }],
    ['openai/m', { OPENAI_API_KEY: 'k', OPENAI_API_BASE: 'https://b.example', OPENAI_BASE_URL: 'https://a.example' }, { apiKey: 'k', baseUrl: 'https://a.example' }],
    ['openai/m', { OPENAI_API_KEY: 'k', OPENAI_API_BASE: 'https://b.example', OPENAI_BASE_URL: '' }, { apiKey: 'k', baseUrl: 'https://b.example' }],
    ['openai/m', { OPENAI_BASE_URL: 'ws://127.0.0.1:9' }, { baseUrl: 'ws://127.0.0.1:9' }]
  ] as const) {
    const { options } = load(t, `model_list: [{ model_name: v, litellm_params: { model: ${model} } }]`, { env })
    t.strictSame(options.deployments, [{ model: 'v', target: model, ...expected }], `${model} ${Object.keys(env).join(' ')}`)
  }
})

t.test('a model without a prefix finds its provider as in LiteLLM', async t => {
  for (const [params, target] of [
    ['model: gpt-realtime', 'openai/gpt-realtime'],
    ['model: grok-voice-latest, custom_llm_provider: xai', 'xai/grok-voice-latest'],
    ['model: xai/grok-voice-latest, custom_llm_provider: xai', 'xai/grok-voice-latest']
  ] as const) {
    t.equal(load(t, `model_list: [{ model_name: v, litellm_params: { ${params} } }]`).options.deployments?.[0]?.target, target, params)
  }
})

t.test('a credential fills what the deployment leaves open', async t => {
  const { options, warnings } = load(t, `
credential_list:
  - credential_name: eu
    credential_values: { api_key: os.environ/EU_KEY, api_base: https://eu.example }
    credential_info: { description: x }
` + deployment('litellm_credential_name: eu', 'api_base: https://own.example', 'api_key:'), { env: { EU_KEY: 'eu-key' } })
  t.strictSame(options.deployments, [{ model: 'voice', target: 'xai/grok-voice-latest', apiKey: 'eu-key', baseUrl: 'https://own.example' }])
  t.strictSame(warnings, [])
})

t.test('other modes, blocked entries and other environments are skipped, each with a quiet line', async t => {
  const config = load(t, `model_list:
  - model_name: chat
    litellm_params: { model: azure/gpt, api_key: os.environ/NOT_SET }
    model_info: { mode: chat }
  - model_name: vectors
    litellm_params: { model: openai/e }
    model_info: { mode: embedding }
  - model_name: paused
    litellm_params: { model: openai/r }
    model_info: { blocked: true }
  - model_name: elsewhere
    litellm_params: { model: openai/r }
    model_info: { supported_environments: [production] }
  - model_name: here
    litellm_params: { model: openai/r }
    model_info: { supported_environments: [staging] }
  - model_name: plain
    litellm_params: { model: openai/r }
`, { env: { ...bothKeys, LITELLM_ENVIRONMENT: 'staging' } })
  t.strictSame(config.options.deployments?.map(({ model }) => model), ['here', 'plain'])
  t.ok(config.warnings.every(({ kind }) => kind === 'skipped'))
  t.strictSame(messages(config), [
    'config.yaml:2: model_list[0] (chat) is skipped: mode chat',
    'config.yaml:5: model_list[1] (vectors) is skipped: mode embedding',
    'config.yaml:8: model_list[2] (paused) is skipped: blocked',
    'config.yaml:11: model_list[3] (elsewhere) is skipped: supported_environments does not name LITELLM_ENVIRONMENT'
  ])
})

t.test('a deployment that cannot be had is left out where its group has another', async t => {
  for (const [params, rule] of [
    ['model: xai/m, api_key: os.environ/NOT_SET', '.litellm_params.api_key needs the environment variable NOT_SET, which is not set'],
    ['model: xai/m, api_key: os.environ/EMPTY', '.litellm_params.api_key needs the environment variable EMPTY, which is not set'],
    ['model: bedrock/m', '.litellm_params.model names the provider bedrock, which is not served here (openai, xai, azure)'],
    ['model: xai/m', '.litellm_params has no api_key, and XAI_API_KEY is not set'],
    ['model: claude', '.litellm_params.model names no provider; write provider/model, for example xai/grok-voice-latest']
  ] as const) {
    const entry = `  - { model_name: v, litellm_params: { ${params} } }\n`
    const good = '  - { model_name: v, litellm_params: { model: openai/gpt-realtime } }\n'
    const env = { OPENAI_API_KEY: 'k', EMPTY: '' }
    const config = load(t, `model_list:\n${good}${entry}`, { env })
    t.equal(config.options.deployments?.length, 1)
    t.equal(config.warnings[0]?.kind, 'left_out')
    t.strictSame(messages(config), [`config.yaml:3: model_list[1]${rule}; the deployment is left out, its group has others`])
    t.equal(failure(t, `model_list:\n${entry}`, { env }), `config.yaml:2: model_list[0]${rule}`, 'alone it is an error, for nothing is left')
    t.equal(failure(t, `model_list:\n${entry}${entry}`, { env }), `config.yaml:2: model_list[0]${rule}; config.yaml:3: model_list[1]${rule}`, 'and so when all of the group are')
  }
})

t.test('an entry of another provider that says no mode is left out, alone in its group too', async t => {
  const chat = `
  - { model_name: claude, litellm_params: { model: anthropic/claude-sonnet, api_key: os.environ/NOT_SET, thinking: ${canary} } }
  - { model_name: any, litellm_params: { model: any } }
  - { model_name: haiku, litellm_params: { model: anthropic/haiku } }
`
  const config = load(t, deployment().trimEnd() + chat)
  t.strictSame(config.options.deployments?.map(({ model }) => model), ['voice'])
  t.ok(config.warnings.every(({ kind }) => kind === 'left_out'))
  t.strictSame(messages(config), [
    'config.yaml:5, 7: model_list[].litellm_params.model names the provider anthropic, which is not served here (openai, xai, azure); the deployment is left out',
    'config.yaml:6: model_list[2].litellm_params.model names no provider; write provider/model, for example xai/grok-voice-latest; the deployment is left out'
  ])
  t.match(failure(t, `model_list:${chat}`), /^config\.yaml:2: .* names the provider anthropic.*; config\.yaml:3: .*; config\.yaml:4: /, 'an error when nothing is left to serve')
  const own = load(t, `model_list:${chat}realtime_settings: { deployments: [{ model: m, target: xai/m }] }`)
  t.strictSame(own.options.deployments?.map(({ model }) => model), ['m'], 'deployments of realtime_settings are something to serve')
})

// Chat, embedding and Whisper entries as they stand in files beside the voice ones.
const strangers: ReadonlyArray<readonly [params: string, env: Readonly<Record<string, string>>, rule: RegExp]> = [
  ['model: openai/llama3, api_base: http://vllm:8000/v1, api_key: none', {}, /api_base must be a wss/],
  ['model: openai/whisper-1, api_base: "http://host.docker.internal:9000"', {}, /api_base must be a wss/],
  ['model: openai/llama3, api_base: ws://ollama:11434', {}, /api_base must be a wss/],
  ['model: openai/llama3, api_base: os.environ/VLLM_BASE', { VLLM_BASE: 'http://10.0.0.7:8000' }, /api_base must be a wss/],
  ['model: openai/llama3', { OPENAI_API_BASE: 'http://llama.cpp:8080' }, /api_base \(from the environment\) must be a wss/],
  ['model: openai/llama3, api_base: "vllm:8000"', {}, /api_base must be a ws/],
  ['model: openai/llama3, api_base: https://v.example, api_key: "not needed"', {}, /api_key must be printable ASCII/],
  ['model: openai/llama3, api_base: https://v.example, extra_headers: { Host: other }', {}, /extra_headers.Host is a header that may not be set/],
  ['model: azure/gpt-4o, api_base: http://proxy.internal, api_key: k', {}, /api_base must be a wss/]
]

t.test('an entry on a server that a voice client could not be sent to is left out with a warning, whatever its base', async t => {
  for (const [params, env, rule] of strangers) {
    const config = load(t, `${deployment()}  - model_name: chat\n    litellm_params: { ${params} }\n`, { env: { ...bothKeys, ...env } })
    t.strictSame(config.options.deployments?.map(({ model }) => model), ['voice'], params)
    t.strictSame(config.warnings.map(({ kind, lines }) => [kind, lines]), [['left_out', [6]]], params)
    t.match(messages(config)[0], rule)
    t.match(messages(config)[0], /; the deployment is left out$/)
  }
})

t.test('one that says mode: realtime is refused by name and line, in a group with others too', async t => {
  for (const [params, env, rule] of strangers) {
    for (const model of ['chat', 'voice']) {
      const told = failure(t, `${deployment()}  - model_name: ${model}\n    litellm_params: { ${params} }\n    model_info: { mode: realtime }\n`, { env: { ...bothKeys, ...env } })
      t.match(told, rule, params)
      t.match(told, /^config\.yaml:6: model_list\[1\]/)
    }
  }
})

t.test('one in an included file is left out with a warning that names that file', async t => {
  const config = load(t, { 'config.yaml': `include: [chat.yaml]\n${deployment()}`, 'chat.yaml': 'model_list:\n  - model_name: chat\n    litellm_params:\n      model: openai/llama3\n      api_base: http://vllm:8000\n' })
  t.strictSame(config.options.deployments?.map(({ model }) => model), ['voice'])
  t.match(config.warnings[0]?.message, /chat\.yaml:5: model_list\[0\]\.litellm_params\.api_base must be a wss/)
})

t.test('the entry for every model is served by the prefix of the name, or by the names that a provider has', async t => {
  const everything = "model_list: [{ model_name: '*', litellm_params: { model: '*' }, model_info: { id: all } }]"
  t.strictSame(load(t, everything), {
    options: {
      deployments: [
        { model: 'grok-voice-*', target: 'xai/grok-voice-*', apiKey: 'xai-key' },
        { model: 'xai/*', target: 'xai/*', apiKey: 'xai-key' },
        { model: 'gpt-realtime*', target: 'openai/gpt-realtime*', apiKey: 'openai-key' },
        { model: 'openai/*', target: 'openai/*', apiKey: 'openai-key' }
      ]
    },
    stores: {},
    warnings: []
  })
  t.strictSame(load(t, everything, { env: { OPENAI_API_KEY: 'k' } }).options.deployments?.map(({ model }) => model), ['gpt-realtime*', 'openai/*'], 'as far as there are keys')
  t.match(failure(t, everything, { env: {} }), /^config\.yaml:1: model_list\[0\]\.litellm_params has no api_key, and XAI_API_KEY is not set$/)
  t.match(failure(t, "model_list: [{ model_name: '*', litellm_params: { model: '*', api_key: one } }]"), /api_key belongs to one provider, and the model \* to all/)
  t.strictSame(load(t, "model_list: [{ model_name: 'xai/*', litellm_params: { model: 'xai/*' } }]").options.deployments, [{ model: 'xai/*', target: 'xai/*', apiKey: 'xai-key' }], 'one for a provider is as it was')
})

t.test('a mode in litellm_params is told where LiteLLM reads it', async t => {
  t.strictSame(messages(load(t, deployment('mode: realtime'))), ['config.yaml:5: model_list[0].litellm_params.mode has no effect here; LiteLLM reads it in model_info: model_info.mode'])
})

t.test('an entry of another provider that is a realtime one stays an error when it is alone in its group', async t => {
  t.equal(failure(t, deployment() + '  - { model_name: v, litellm_params: { model: bedrock/m }, model_info: { mode: realtime } }'),
    'config.yaml:5: model_list[1].litellm_params.model names the provider bedrock, which is not served here (openai, xai, azure)')
})

t.test('a provider of the host is served like the built-in ones', async t => {
  const { options } = load(t, 'model_list: [{ model_name: v, litellm_params: { model: mine/m } }]', { providers: ['mine'] })
  t.strictSame(options.deployments, [{ model: 'v', target: 'mine/m' }])
})

t.test('limits of sessions come from LiteLLM\'s fields, the nearest one first', async t => {
  const all = `
router_settings: { default_max_parallel_requests: 20 }
general_settings: { max_parallel_requests: 30, global_max_parallel_requests: 40 }
`
  t.equal(load(t, deployment('max_parallel_requests: 10') + all).options.deployments?.[0]?.maxSessions, 10)
  t.equal(load(t, deployment() + all).options.deployments?.[0]?.maxSessions, 20)
  t.equal(load(t, deployment() + 'general_settings: { max_parallel_requests: 30 }').options.deployments?.[0]?.maxSessions, 30)
  t.equal(load(t, deployment() + all).options.maxSessions, 40)
  t.equal(load(t, deployment() + all + 'realtime_settings: { max_sessions: 50 }').options.maxSessions, 50)
})

t.test('the master key comes from realtime_settings, general_settings or LITELLM_MASTER_KEY, in this order', async t => {
  const env = { ...bothKeys, LITELLM_MASTER_KEY: 'from-the-environment' }
  const general = 'general_settings: { master_key: from-general-settings }\n'
  t.equal(load(t, deployment(), { env }).options.masterKey, 'from-the-environment')
  t.equal(load(t, deployment() + general, { env }).options.masterKey, 'from-general-settings')
  t.equal(load(t, deployment() + general + 'realtime_settings: { master_key: from-realtime-settings }', { env }).options.masterKey, 'from-realtime-settings')
  t.equal(load(t, deployment()).options.masterKey, undefined)
})

// Values that a rule of theirs asks for, by the path of the option.
const samples: Readonly<Record<string, unknown>> = {
  refusal: 'http',
  masterKey: canary,
  allowedOrigins: ['https://app.example'],
  'keys.key': canary,
  'keys.hash': undefined,
  'keys.dialect': 'beta',
  'deployments.target': 'azure/m',
  'deployments.baseUrl': 'ws://h',
  'deployments.realtimeProtocol': 'preview',
  'deployments.apiVersion': '2025-04-01-preview',
  'deployments.dialect': 'native',
  'dialects.client': 'xai',
  limitStoreAway: 'open',
  'routing.strategy': 'least-busy',
  'routing.sticky': 'user',
  'routing.groups.Model.1.strategy': 'cost',
  'routing.groups.Model.1.sticky': 'key',
  'routing.maxCandidates': 7,
  'routing.latencyBuffer': 0.5,
  'routing.outputShare': 0.25
}

const each = (schema: OptionSchema): OptionSchema => schema.additionalProperties as OptionSchema

function sample (schema: OptionSchema, path: string): unknown {
  if (path in samples) return samples[path]
  switch (kindOf(schema)) {
    case 'each': return [sampleMembers(schema.items!, path)]
    case 'named': return { 'Model.1': sample(each(schema), `${path}.Model.1`) }
    case 'members': return sampleMembers(schema, path)
    case 'text': return path.startsWith('routing.') || path.endsWith('.model') ? 'Model.1' : '/v'
    case 'number': return 1_000
    case 'flag': return true
    case 'number_or_text': return 'p95'
    case 'moment': return '2030-01-02'
    case 'texts': return path.startsWith('routing.') ? ['Model.1'] : ['/a']
    case 'data': return { team_id: 7 }
    case 'code': return undefined
  }
}

function sampleMembers (schema: OptionSchema, path: string): Record<string, unknown> {
  return Object.fromEntries(Object.entries(schema.properties!)
    .map(([name, member]) => [name, sample(member, path === '' ? name : `${path}.${name}`)] as const)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => name === 'aliases' && path === 'routing' ? [name, { 'Other.1': 'Model.1' }] : [name, value]))
}

/** The same value, its members named as in a file. */
function written (schema: OptionSchema, value: unknown): unknown {
  switch (kindOf(schema)) {
    case 'each': return (value as unknown[]).map(item => writtenMembers(schema.items!, item))
    case 'members': return writtenMembers(schema, value)
    case 'named': return Object.fromEntries(Object.entries(value as object).map(([name, item]) => [name, written(each(schema), item)]))
    default: return value
  }
}

function writtenMembers (schema: OptionSchema, value: unknown): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value as object).map(([name, item]) => [snakeCase(name), written(schema.properties![name]!, item)]))
}

t.test('LiteLLM\'s usual short master key works; the plugin warns of it', async t => {
  const short = load(t, deployment() + 'general_settings:\n  master_key: sk-1234\n')
  t.equal(short.options.masterKey, 'sk-1234')
  t.equal(short.options.allowWeakMasterKey, true)
  t.equal(load(t, deployment() + 'general_settings:\n  master_key: sk-1234567890123\n').options.allowWeakMasterKey, undefined)
  t.match(failure(t, deployment() + 'realtime_settings: { master_key: sk-1234 }\n'), /realtime_settings\.master_key must have at least 16 characters/)
  t.strictSame(short.warnings, [])
})

t.test('realtime_settings takes every option of the plugin that can be written in a file, and every member of each', async t => {
  const all = sampleMembers(gateway, '')
  const config = load(t, `realtime_settings: ${JSON.stringify(writtenMembers(gateway, all))}`)
  t.strictSame(config.options, all)
  t.strictSame(config.warnings, [])
  t.equal(Object.keys((all['deployments'] as object[])[0]!).length, 20, 'no member is left out of the sample')
  t.strictSame(Object.keys(all['dialects'] as object), ['client', 'strict', 'xaiVoices', 'openaiVoices', 'successors'])
  t.equal(Object.keys(all['routing'] as object).length, 15)
})

t.test('an option that only code can give is told so', async t => {
  for (const [option, schema] of Object.entries<OptionSchema>(gateway.properties)) {
    if (kindOf(schema) !== 'code') continue
    const config = load(t, `realtime_settings: { ${snakeCase(option)}: x }`)
    t.notOk(option in config.options)
    t.strictSame(messages(config), [`config.yaml:1: realtime_settings.${snakeCase(option)} has no effect in a file; give the plugin its option ${option} in code`])
  }
})

t.test('a deployment whose token is written in a file is an error, for its sessions would be refused', async t => {
  for (const value of [canary, '', `[${canary}]`]) {
    t.equal(failure(t, `realtime_settings:\n  deployments:\n    - { model: m, target: azure/m, base_url: 'https://r.example', token: ${value} }`),
      'config.yaml:3: realtime_settings.deployments[0].token can only be given in code')
  }
})

t.test('members of realtime_settings that nobody knows are told with the name that is near', async t => {
  const config = load(t, `
realtime_settings:
  routing: { cooldownMs: 5, groups: { a.B: { stratgy: cost } } }
  deployments: [{ model: m, target: xai/m, warm: { sise: 2, size: 1 } }]
`)
  t.strictSame(messages(config), [
    'config.yaml:3: realtime_settings.routing.cooldownMs is unknown and has no effect; did you mean cooldown_ms?',
    'config.yaml:3: realtime_settings.routing.groups.a.B.stratgy is unknown and has no effect; did you mean strategy?',
    'config.yaml:4: realtime_settings.deployments[0].warm.sise is unknown and has no effect; did you mean size?'
  ])
  t.strictSame(config.options, { routing: { groups: { 'a.B': {} } }, deployments: [{ model: 'm', target: 'xai/m', warm: { size: 1 } }] })
})

t.test('fields without effect are listed once each, with their lines and without their values', async t => {
  const config = load(t, `model_list:
  - model_name: v
    rpm: 3
    litellm_params:
      model: xai/m
      timeout: ${canary}
      input_cost_per_audio_token: 1
      wieght: 1
    model_info: { mode: realtime, base_model: x, supports_audio_input: true, colour: ${canary} }
  - model_name: v
    litellm_params:
      model: xai/m
      timeout: 600
    surprise: ${canary}
litellm_settings:
  callbacks: [${canary}]
  drop_params: true
router_settings:
  routing_strategy: auto
  timeout: 3
  rooting: ${canary}
general_settings:
  database_url: os.environ/NOT_SET
  empty:
realtime_settings:
  connectTimeout: 5
  ping_intervall: 3
guardrails: [{ guardrail_name: ${canary} }]
modle_list: ${canary}
`)
  t.strictSame(messages(config).sort(), [
    'config.yaml:14: model_list[1].surprise is unknown and has no effect',
    'config.yaml:16: litellm_settings.callbacks has no effect here',
    'config.yaml:17: litellm_settings.drop_params has no effect here',
    'config.yaml:19: router_settings.routing_strategy is none of simple-shuffle, least-busy, usage-based-routing, usage-based-routing-v2, latency-based-routing, cost-based-routing; groups are shared as with simple-shuffle',
    'config.yaml:20: router_settings.timeout has no effect here; realtime_settings.connect_timeout (milliseconds) bounds the dial',
    'config.yaml:21: router_settings.rooting is unknown and has no effect',
    'config.yaml:26: realtime_settings.connectTimeout is unknown and has no effect; did you mean connect_timeout?',
    'config.yaml:27: realtime_settings.ping_intervall is unknown and has no effect; did you mean ping_interval?',
    'config.yaml:28: guardrails has no effect here',
    'config.yaml:29: modle_list is unknown and has no effect; did you mean model_list?',
    'config.yaml:3: model_list[0].rpm has no effect here; it belongs into litellm_params',
    'config.yaml:6, 13: model_list[].litellm_params.timeout has no effect here; realtime_settings.connect_timeout (milliseconds) bounds the dial',
    'config.yaml:7: model_list[0].litellm_params.input_cost_per_audio_token gives no price of a minute of voice; input_cost_per_second and output_cost_per_second do',
    'config.yaml:8: model_list[0].litellm_params.wieght is unknown and has no effect; did you mean weight?',
    'config.yaml:9: model_list[0].model_info.base_model has no effect here',
    'config.yaml:9: model_list[0].model_info.colour is unknown and has no effect',
    'config.yaml:9: model_list[0].model_info.supports_audio_input has no effect here'
  ])
  t.strictSame(new Set(config.warnings.map(({ kind }) => kind)), new Set(['not_served', 'unknown']))
  t.notMatch(JSON.stringify(config.warnings), canary)
})

t.test('what does the same here as in LiteLLM is no warning', async t => {
  t.strictSame(load(t, deployment() + 'router_settings: { routing_strategy: simple-shuffle }\nlitellm_settings:\ngeneral_settings: {}\n').warnings, [])
})

t.test('includes are merged as LiteLLM does: lists grow, other sections are replaced', async t => {
  const entry = (name: string): string => `model_list: [{ model_name: ${name}, litellm_params: { model: xai/m } }]\n`
  const config = load(t, {
    'config.yaml': 'include: [sub/a.yaml, b.yaml]\n' + entry('main') + 'general_settings: { master_key: replaced-as-a-whole }\n',
    sub: { 'a.yaml': 'include: [c.yaml, ../b.yaml]\n' + entry('a'), 'c.yaml': entry('c') } as unknown as string,
    'b.yaml': entry('b') + 'general_settings: { global_max_parallel_requests: 5 }\n'
  })
  t.strictSame(config.options.deployments?.map(({ model }) => model), ['main', 'a', 'b', 'c'], 'a file that is named twice counts once')
  t.equal(config.options.masterKey, undefined)
  t.equal(config.options.maxSessions, 5)
  t.match(messages(config), [/^config\.yaml:3: general_settings is replaced as a whole by .*b\.yaml:2, as LiteLLM does with includes$/])
})

t.test('an error in an included file names that file', async t => {
  t.equal(failure(t, { 'config.yaml': 'include: [a.yaml]', 'a.yaml': '\nmodel_list: 3' }), 'a.yaml:2: model_list must be a list, not a number')
})

t.test('a broken include is an error with its file and line', async t => {
  t.equal(failure(t, { 'config.yaml': 'include:\n  - config.yaml\n' }), 'config.yaml:2: include[0] includes config.yaml again, which leads here: a cycle')
  t.equal(failure(t, { 'config.yaml': 'include: [a.yaml]', 'a.yaml': '#\ninclude: [config.yaml]' }), 'a.yaml:2: include[0] includes config.yaml again, which leads here: a cycle')
  t.equal(failure(t, 'include:\n  - gone.yaml'), 'config.yaml:2: include[0] names a file that cannot be read: gone.yaml (ENOENT)')
  t.equal(failure(t, 'include: gone.yaml'), 'config.yaml:1: include must be a list of file paths')
  t.equal(failure(t, 'include: [3]'), 'config.yaml:1: include must be a list of file paths')
})

t.test('a wrong value is an error that names file, line, field and rule, and no value', async t => {
  const short = canary.slice(0, 3)
  for (const [text, expected] of [
    [`model_list: ${canary}`, ':1: model_list must be a list, not a text'],
    [`model_list:\n  - ${canary}`, ':2: model_list[0] must be a mapping, not a text'],
    ['model_list:\n  -', ':2: model_list[0] must be a mapping, not nothing'],
    ['model_list:\n  - litellm_params: { model: xai/m }', ':2: model_list[0].model_name is required'],
    ['model_list:\n  - model_name: ""\n    litellm_params: { model: xai/m }', ':2: model_list[0].model_name is required'],
    ['model_list:\n  - model_name: v', ':2: model_list[0].litellm_params is required'],
    ['model_list:\n  - model_name: v\n    litellm_params: {}', ':3: model_list[0].litellm_params.model is required'],
    ['model_list:\n  - model_name: 4\n    litellm_params: { model: xai/m }', ':2: model_list[0].model_name must be a text, not a number; put it in quotes'],
    [deployment(`weight: ${canary}`), ':5: model_list[0].litellm_params.weight must be a number, not a text'],
    [deployment('weight: -1'), ':5: model_list[0].litellm_params.weight must not be negative'],
    [deployment('rpm: " "'), ':5: model_list[0].litellm_params.rpm must be a number, not a text'],
    [deployment('rpm: [1]'), ':5: model_list[0].litellm_params.rpm must be a single value, not a list'],
    [deployment('max_parallel_requests: 0'), ':5: model_list[0].litellm_params.max_parallel_requests must be a whole number of at least 1'],
    [deployment('max_parallel_requests: 1.5'), ':5: model_list[0].litellm_params.max_parallel_requests must be a whole number of at least 1'],
    [deployment(`api_key: [${canary}]`), ':5: model_list[0].litellm_params.api_key must be a single value, not a list'],
    [deployment(`api_key: "${canary}\\n"`), ':5: model_list[0].litellm_params.api_key must be printable ASCII without spaces or line breaks'],
    [deployment('api_key: 12'), ':5: model_list[0].litellm_params.api_key must be a text, not a number; put it in quotes'],
    [deployment('', `extra_headers: ${canary}`), ':6: model_list[0].litellm_params.extra_headers must be a mapping, not a text'],
    [deployment('extra_headers:', `  Host: ${canary}`), ':6: model_list[0].litellm_params.extra_headers.Host is a header that may not be set'],
    [deployment('extra_headers:', `  "a b": ${canary}`), ':6: model_list[0].litellm_params.extra_headers.a b must have a legal header name'],
    [deployment('litellm_credential_name: gone'), ':5: model_list[0].litellm_params.litellm_credential_name names no entry of credential_list'],
    ['credential_list:\n  - {}', ':2: credential_list[0] must have a credential_name'],
    [deployment() + '    model_info: { blocked: perhaps }', ':5: model_list[0].model_info.blocked must be true or false, not a text'],
    [`${deployment()}    model_info: { id: a }\n${deployment().replace('model_list:\n', '')}    model_info: { id: a }`, /:9: model_list\[1\]\.model_info\.id is the id of another deployment, in .*config\.yaml:5$/],
    ['environment_variables: { A: [1] }', ':1: environment_variables.A must be a single value'],
    ['router_settings: { model_group_alias: { a: [] } }', ':1: router_settings.model_group_alias.a must be a single value, not a list'],
    ['router_settings: { model_group_alias: { a: {} } }', ':1: router_settings.model_group_alias.a must name a group: a text, or a mapping with model'],
    [`general_settings:\n  master_key: ${short}`, ':2: general_settings.master_key must be a text of at least 4 characters'],
    ['general_settings:\n  master_key: os.environ/NOT_SET', ':2: general_settings.master_key needs the environment variable NOT_SET, which is not set'],
    [`realtime_settings:\n  master_key: ${short}`, ':2: realtime_settings.master_key must be a text of at least 4 characters'],
    ['realtime_settings: { connect_timeout: 1.5 }', ':1: realtime_settings.connect_timeout must be a whole number from 1 to 2147483647'],
    ['realtime_settings:\n  connect_timeout: []', ':2: realtime_settings.connect_timeout must be a single value, not a list'],
    ['realtime_settings:\n  refusal: loud', ":2: realtime_settings.refusal must be 'auto', 'http' or 'event'"],
    ['realtime_settings:\n  aliases: [3]', ':2: realtime_settings.aliases[0] must be a text, not a number; put it in quotes'],
    ['realtime_settings:\n  aliases: [~]', ':2: realtime_settings.aliases[0] must be a text, not nothing'],
    ['realtime_settings:\n  keys:\n    - name: a', ':3: realtime_settings.keys[0] must have either key or hash'],
    ['realtime_settings:\n  keys:\n    - ', ':3: realtime_settings.keys[0] must be a mapping, not nothing'],
    [`realtime_settings:\n  keys:\n    - key: ${canary}\n      expires_at: soon`, ':4: realtime_settings.keys[0].expires_at must be a date, an ISO 8601 text or Unix time in milliseconds'],
    ['realtime_settings:\n  keys:\n    - { key: long-enough, metadata: { tags: [1] } }', ':3: realtime_settings.keys[0] must be a list of texts'],
    ['realtime_settings:\n  routing:\n    strategy: loud', ':3: realtime_settings.routing.strategy must be \'simple-shuffle\', \'round-robin\', \'least-busy\', \'latency\', \'cost\' or \'usage\''],
    ['realtime_settings:\n  routing:\n    aliases:\n      a.B: nobody', ':4: realtime_settings.routing.aliases.a.B must be a model that a deployment has'],
    ['realtime_settings:\n  routing:\n    groups:\n      a.B:\n        sticky: loud', ":5: realtime_settings.routing.groups.a.B.sticky must be 'key' or 'user'"],
    ['realtime_settings:\n  routing:\n    groups:\n      a.B:\n        sticky: loud\n      a: {}', ":5: realtime_settings.routing.groups.a.B.sticky must be 'key' or 'user'"],
    ['realtime_settings:\n  routing:\n    groups:\n      a:', ':4: realtime_settings.routing.groups.a must be a value, not nothing'],
    ['realtime_settings:\n  deployments:\n    - model: m*\n      target: xai/m\n      warm:\n        size: 1', ':5: realtime_settings.deployments[0].warm cannot be kept for a model with *, which names no one model'],
    ['realtime_settings:\n  deployments:\n    - model: m\n      target: xai/m\n      headers: { X-A: 3 }', ':5: realtime_settings.deployments[0].headers.X-A must be a text, not a number; put it in quotes'],
    [`${deployment()}    model_info: { id: a }\nrealtime_settings:\n  deployments:\n    - { model: b, target: xai/m }\n    - { id: a, model: c, target: xai/m }`, ':9: realtime_settings.deployments[1].id must be a text that no other deployment has'],
    [`realtime_settings:\n  deployments:\n    - { model: a, target: ${canary} }`, ":3: realtime_settings.deployments[0].target must be 'provider/model'"]
  ] as const) {
    t.match(failure(t, text), typeof expected === 'string' ? new RegExp(`^config\\.yaml${escape(expected)}$`) : expected)
  }
})

t.test('a wrong variable is an error that names it, or the field it stands in for', async t => {
  t.equal(failure(t, deployment(), { env: { ...bothKeys, LITELLM_MASTER_KEY: canary.slice(0, 3) } }), 'the variable LITELLM_MASTER_KEY must be a text of at least 4 characters')
  t.match(failure(t, deployment(), { env: { ...bothKeys, XAI_API_BASE: canary } }),
    /^config\.yaml:3: model_list\[0\]\.litellm_params\.api_base \(from the environment\) must /)
  t.match(failure(t, deployment(`api_base: ${canary}`)), /^config\.yaml:5: model_list\[0\]\.litellm_params\.api_base must /)
  t.match(failure(t, deployment(), { env: { XAI_API_KEY: `${canary}\n` } }), /^config\.yaml:3: model_list\[0\]\.litellm_params\.api_key \(from the environment\) must /)
})

t.test('an unset variable in a field without effect is no error', async t => {
  t.equal(load(t, deployment('timeout: os.environ/NOT_SET') + 'litellm_settings: { cache: os.environ/NOT_SET }').options.deployments?.length, 1)
})

t.test('bad YAML is an error with line and column that quotes nothing of the file', async t => {
  for (const [text, expected] of [
    [`a: [x, ${canary} {}`, /^config\.yaml:1:\d+: not valid YAML \([a-z ]+\)$/],
    [`a: 1\n\tb: ${canary}`, /^config\.yaml:2:\d+: not valid YAML \([a-z ]+\)$/],
    [`- a\n${canary}: 1`, /^config\.yaml:2:\d+: not valid YAML/],
    [`a: !!python/object/apply:os.system ["${canary}"]`, /^config\.yaml:1:4: not valid YAML \(tag resolve failed\)$/],
    ['a: 1\n---\nb: 2', /^config\.yaml:2:1: not valid YAML \(multiple docs\)$/],
    ['a: *nowhere', /^config\.yaml:1:4: not valid YAML \(alias without an anchor\)$/],
    ['a: &a [*a]', /^config\.yaml:1: a(\[0\])+ is nested deeper than 64 levels/],
    ['? [a]\n: 1', /^config\.yaml:1: *has a key that is not a plain text$/],
    ['a:\n  <<: 3', /^config\.yaml:2:3: not valid YAML \("<<" that names no mapping\)$/],
    ['a: !!binary aGVsbG8=', /^config\.yaml:1:4: not valid YAML \(tag resolve failed\)$/],
    [canary, /^config\.yaml:1: the file must be a mapping with sections such as model_list$/],
    [['a: &a [x, x, x, x, x, x, x, x, x, x]', ...'bcdefg'.split('').map((name, i) => `${name}: &${name} [${Array(10).fill(`*${'abcdef'[i]}`).join(', ')}]`)].join('\n'), /^config\.yaml: has aliases that multiply$/]
  ] as const) t.match(failure(t, text), expected)
})

t.test('an unreadable file is an error', async t => {
  t.throws(() => loadLiteLLMConfig(join(t.testdir(), 'none.yaml'), { env: {} }), { code: 'RTG_ERR_CONFIG', message: /none\.yaml: cannot be read \(ENOENT\)$/ })
})

t.test('an empty file has no options', async t => {
  t.strictSame(load(t, ''), { options: {}, stores: {}, warnings: [] })
})

t.test('an anchor may be used in each of many entries', async t => {
  const entries = Array.from({ length: 300 }, (_, i) => `  - { model_name: m${i}, litellm_params: { <<: *base, tags: *tags } }\n`)
  const { options } = load(t, `base: &base { model: xai/m }\nall: &tags [a]\nmodel_list:\n${entries.join('')}`)
  t.equal(options.deployments?.length, 300)
  t.strictSame(options.deployments?.at(-1)?.tags, ['a'])
})

t.test('what is wrong in an anchor is told where it is written, and what is merged where it is merged', async t => {
  t.equal(failure(t, 'base: &base\n  model: xai/m\n  weight: -1\nmodel_list:\n  - model_name: v\n    litellm_params: *base'), 'config.yaml:3: model_list[0].litellm_params.weight must not be negative')
  t.equal(failure(t, 'base: &base\n  model: xai/m\n  weight: -1\nmodel_list:\n  - model_name: v\n    litellm_params:\n      <<: *base'), 'config.yaml:6: model_list[0].litellm_params.weight must not be negative')
})

t.test('YAML is read as Python reads it', async t => {
  const config = load(t, `
base: &base { model: xai/m, api_key: from-the-anchor }
more: &more { api_key: later-ones-lose, order: 5 }
model_list:
  - model_name: a
    litellm_params:
      <<: [*base, *more]
      weight: 1
  - model_name: b
    litellm_params: { <<: *base, api_key: own }
    model_info: { blocked: off }
  - model_name: c
    litellm_params: { model: xai/first, model: xai/last }
  - model_name: y
    litellm_params: { model: xai/m, tags: [n, 2027-01-01] }
`)
  t.strictSame(config.options.deployments, [
    { model: 'a', target: 'xai/m', apiKey: 'from-the-anchor', order: 5, weight: 1 },
    { model: 'b', target: 'xai/m', apiKey: 'own' },
    { model: 'c', target: 'xai/last', apiKey: 'xai-key' },
    { model: 'y', target: 'xai/m', apiKey: 'xai-key', tags: ['n', '2027-01-01'] }
  ])
  t.match(messages(config, ['changed']), ['config.yaml:13: model_list[2].litellm_params.model stands there more than once; the last one counts'])
})
