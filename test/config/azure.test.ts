import t from 'tap'
import type { Test } from 'tap'
import { resolveOptions } from '../../lib/options/resolve.ts'
import type { DeploymentOptions } from '../../types/index.ts'
import { bothKeys, canary, escape, failure, load, messages } from '../fixtures/litellm.ts'

const base = 'https://res.openai.azure.com'
const azureEnv = { ...bothKeys, AZURE_API_KEY: 'azure-key', AZURE_API_BASE: base }
const entry = (params: string, info = ''): string => `model_list:\n  - model_name: voice\n    litellm_params: { model: azure/gpt-rt${params} }\n${info === '' ? '' : `    model_info: { ${info} }\n`}`

type Env = Readonly<Record<string, string | undefined>>

/** The one deployment that comes of it, without a warning and as the plugin takes it. */
function read (t: Test, params: string, { env = azureEnv, info = '' }: { env?: Env, info?: string } = {}): DeploymentOptions | undefined {
  const { options, warnings } = load(t, entry(params, info), { env })
  t.strictSame(warnings, [])
  resolveOptions({ ...options, masterKey: canary }, ['azure'])
  return options.deployments?.[0]
}

t.test("LiteLLM's documented deployment of Azure runs unchanged", async t => {
  const config = load(t, `model_list:
  - model_name: realtime-azure
    litellm_params:
      model: azure/gpt-realtime
      api_key: os.environ/AZURE_KEY
      api_base: os.environ/AZURE_BASE
      api_version: "2025-08-28"
      realtime_protocol: GA
    model_info:
      mode: realtime
`, { env: { AZURE_KEY: 'k', AZURE_BASE: base } })
  t.strictSame(config, { options: { deployments: [{ model: 'realtime-azure', target: 'azure/gpt-realtime', apiKey: 'k', baseUrl: base, realtimeProtocol: 'ga' }] }, stores: {}, warnings: [] })
})

t.test('address, key, protocol and version come from the entry, else from the variables that LiteLLM reads', async t => {
  for (const [params, more, expected] of [
    ['', {}, {}],
    [', api_base: https://own.example/openai, api_key: own-key', {}, { baseUrl: 'https://own.example/openai', apiKey: 'own-key' }],
    [', realtime_protocol: GA', {}, { realtimeProtocol: 'ga' }],
    [', realtime_protocol: ga', {}, { realtimeProtocol: 'ga' }],
    [', realtime_protocol: v1', {}, { realtimeProtocol: 'ga' }],
    [', realtime_protocol: beta', {}, { realtimeProtocol: 'preview' }],
    [', realtime_protocol: Beta', {}, { realtimeProtocol: 'preview' }],
    [', realtime_protocol: os.environ/P', { P: 'beta' }, { realtimeProtocol: 'preview' }],
    ['', { LITELLM_AZURE_REALTIME_PROTOCOL: 'beta' }, { realtimeProtocol: 'preview' }],
    [', realtime_protocol: GA', { LITELLM_AZURE_REALTIME_PROTOCOL: 'beta' }, { realtimeProtocol: 'ga' }],
    [', realtime_protocol: beta, api_version: 2024-10-01-preview', {}, { realtimeProtocol: 'preview', apiVersion: '2024-10-01-preview' }],
    [', realtime_protocol: beta, api_version: 2024-12-17', {}, { realtimeProtocol: 'preview', apiVersion: '2024-12-17' }],
    [', realtime_protocol: beta', { AZURE_API_VERSION: '2024-12-17' }, { realtimeProtocol: 'preview', apiVersion: '2024-12-17' }],
    [', realtime_protocol: beta, api_version: 2025-04-01-preview', { AZURE_API_VERSION: '2024-12-17' }, { realtimeProtocol: 'preview', apiVersion: '2025-04-01-preview' }]
  ] as const) {
    t.strictSame(read(t, params, { env: { ...azureEnv, ...more } }), { model: 'voice', target: 'azure/gpt-rt', apiKey: 'azure-key', baseUrl: base, ...expected }, `${params} ${JSON.stringify(more)}`)
  }
})

t.test('a version means nothing on the GA endpoint, whatever it is', async t => {
  for (const [params, more] of [
    [', api_version: 2024-10-01-preview', {}], [', api_version: latest', {}], [', api_version: 3', {}], [', api_version: os.environ/NOT_SET', {}], ['', { AZURE_API_VERSION: 'v1' }]
  ] as const) {
    t.notOk('apiVersion' in read(t, params, { env: { ...azureEnv, ...more } })!, params)
  }
})

t.test('an Entra token is a bearer token, and a key counts before it', async t => {
  const env = { ...azureEnv, TOKEN: 'entra-token', AZURE_API_KEY: undefined }
  for (const [params, variables] of [
    [', azure_ad_token: entra-token', env],
    [', azure_ad_token: os.environ/TOKEN', env],
    [', azure_ad_token: os.environ/TOKEN', { ...env, AZURE_API_KEY: 'azure-key' }],
    [', azure_ad_token: os.environ/TOKEN, api_key:', env]
  ] as const) {
    const deployment = read(t, params, { env: variables })
    t.equal(await deployment?.token?.(), 'entra-token', params)
    t.notOk('apiKey' in deployment!)
  }
  const both = load(t, entry(`, api_key: k, azure_ad_token: ${canary}`), { env: azureEnv })
  t.strictSame(both.options.deployments, [{ model: 'voice', target: 'azure/gpt-rt', apiKey: 'k', baseUrl: base }])
  t.strictSame(messages(both), ['config.yaml:3: model_list[0].litellm_params.azure_ad_token has no effect beside api_key, as in LiteLLM'])
  t.equal(load(t, `credential_list: [{ credential_name: c, credential_values: { azure_ad_token: entra-token } }]\n${entry(', litellm_credential_name: c')}`, { env }).options.deployments?.[0]?.token?.(), 'entra-token')
})

t.test('a wrong value is an error that names its line and field and not the value', async t => {
  const params = 'config.yaml:3: model_list[0].litellm_params'
  for (const [text, more, expected] of [
    [entry(`, azure_ad_token: "${canary}\\n"`), {}, `${params}.azure_ad_token must be printable ASCII without spaces or line breaks`],
    [entry(', azure_ad_token: 5'), {}, `${params}.azure_ad_token must be a text, not a number; put it in quotes`],
    [entry(`, realtime_protocol: ${canary}`), {}, `${params}.realtime_protocol must be GA, v1 or beta`],
    [entry(', realtime_protocol: 1'), {}, `${params}.realtime_protocol must be a text, not a number; put it in quotes`],
    [entry(''), { LITELLM_AZURE_REALTIME_PROTOCOL: canary }, `${params}.realtime_protocol (from the environment) must be GA, v1 or beta`],
    [entry(`, realtime_protocol: beta, api_version: ${canary}`), {}, `${params}.api_version must be YYYY-MM-DD or YYYY-MM-DD-preview`],
    [entry(', realtime_protocol: beta'), { AZURE_API_VERSION: canary }, `${params}.api_version (from the environment) must be YYYY-MM-DD or YYYY-MM-DD-preview`],
    [entry(`, api_base: ${canary}`), {}, `${params}.api_base must be a ws(s):// or http(s):// URL`],
    [entry('', `insecure: ${canary}`), {}, 'config.yaml:4: model_list[0].model_info.insecure must be true or false, not a text'],
    [entry('', `dialect: ${canary}`), {}, "config.yaml:4: model_list[0].model_info.dialect must be 'openai' or 'native'"]
  ] as const) t.equal(failure(t, text, { env: { ...azureEnv, ...more } }), expected)
})

t.test('an address in the clear needs a word of its own, wherever it comes from', async t => {
  const rule = ' must be a wss:// or https:// URL, for ws:// and http:// carry key and voice in the clear; say model_info.insecure: true where the way there is safe'
  for (const [model, env, params, path] of [
    ['azure/m', azureEnv, ', api_base: http://proxy.internal', 'api_base'],
    ['azure/m', { ...azureEnv, AZURE_API_BASE: 'http://proxy.internal' }, '', 'api_base (from the environment)'],
    ['openai/m', bothKeys, ', api_base: ws://vllm.internal:8000/v1', 'api_base'],
    ['xai/m', { ...bothKeys, XAI_API_BASE: 'http://10.0.0.1' }, '', 'api_base (from the environment)']
  ] as const) {
    const text = (info: string): string => `model_list:\n  - model_name: voice\n    litellm_params: { model: ${model}${params} }\n    model_info: { mode: realtime${info} }\n`
    for (const info of ['', ', insecure: false']) t.match(failure(t, text(info), { env }), new RegExp(`^config\\.yaml:3: model_list\\[0\\]\\.litellm_params\\.${escape(path + rule)}$`))
    const { options, warnings } = load(t, text(', insecure: true'), { env })
    t.equal(options.deployments?.[0]?.insecure, true)
    t.strictSame(warnings, [])
  }
  t.equal(load(t, entry(', api_base: http://127.0.0.1:8080'), { env: azureEnv }).options.deployments?.[0]?.baseUrl, 'http://127.0.0.1:8080')
})

t.test('model_info says that clients speak as the provider does', async t => {
  t.equal(read(t, '', { info: 'mode: realtime, dialect: native' })?.dialect, 'native')
  t.equal(read(t, '', { info: 'dialect: openai' })?.dialect, 'openai')
})

t.test('a deployment that cannot be opened here stands in nobody\'s way unless it says realtime', async t => {
  const voice = '  - { model_name: grok, litellm_params: { model: xai/m } }\n'
  for (const [params, env, rule] of [
    ['', { ...bothKeys, AZURE_API_KEY: 'k' }, ' has no api_base, and AZURE_API_BASE is not set'],
    ['', { ...bothKeys, AZURE_API_BASE: base }, ' has neither api_key nor azure_ad_token, and AZURE_API_KEY is not set'],
    [', api_key: os.environ/GONE', azureEnv, '.api_key needs the environment variable GONE, which is not set'],
    [', api_base: os.environ/GONE', azureEnv, '.api_base needs the environment variable GONE, which is not set'],
    [', azure_ad_token: oidc/github', azureEnv, '.azure_ad_token asks for an exchange of tokens, which is not done here; give the deployment its token in code']
  ] as const) {
    const config = load(t, entry(params) + voice, { env })
    t.strictSame(config.options.deployments?.map(({ model }) => model), ['grok'])
    t.strictSame(messages(config), [`config.yaml:3: model_list[0].litellm_params${rule}; the deployment is left out`])
    t.equal(failure(t, entry(params, 'mode: realtime') + voice, { env }), `config.yaml:3: model_list[0].litellm_params${rule}`)
  }
  t.match(messages(load(t, entry(', tenant_id: a, client_id: b, client_secret: c') + voice, { env: { ...bothKeys, AZURE_API_BASE: base } }), ['not_served']), [
    'config.yaml:3: model_list[0].litellm_params.tenant_id has no effect here; give the deployment its token in code',
    'config.yaml:3: model_list[0].litellm_params.client_id has no effect here',
    'config.yaml:3: model_list[0].litellm_params.client_secret has no effect here; give the deployment its token in code'
  ])
})

t.test('what is Azure\'s alone has no effect elsewhere', async t => {
  const config = load(t, 'model_list: [{ model_name: v, litellm_params: { model: xai/m, api_version: 2024-12-17, realtime_protocol: beta, azure_ad_token: os.environ/GONE } }]')
  t.strictSame(config.options.deployments, [{ model: 'v', target: 'xai/m', apiKey: 'xai-key' }])
  t.strictSame(messages(config), ['api_version', 'realtime_protocol', 'azure_ad_token'].map(name => `config.yaml:1: model_list[0].litellm_params.${name} has no effect here`))
})

t.test("prices by audio tokens are those of OpenAI's models", async t => {
  t.match(read(t, ', input_cost_per_audio_token: 0.000032, output_cost_per_audio_token: 0.000064'), { price: { inputPerMinute: 0.0192, outputPerMinute: 0.0768 } })
})
