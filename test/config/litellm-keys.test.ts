import t from 'tap'
import { keyOfLiteLLM, teamOfLiteLLM } from '../../lib/config/litellm/keys.ts'

const token = 'ab'.repeat(32)

t.test('a key of LiteLLM\'s keeps its hash, names, owner, models and limits', async t => {
  t.strictSame(keyOfLiteLLM({
    token,
    key_name: 'sk-...ab12',
    key_alias: 'app-1',
    user_id: 'ann',
    team_id: 'red',
    models: ['gpt', 'all-proxy-models'],
    expires: new Date('2030-01-01T00:00:00Z'),
    blocked: true,
    max_parallel_requests: '0',
    rpm_limit: '100',
    tpm_limit: null,
    max_budget: null,
    spend: 3.5,
    metadata: { purpose: 'demo', tags: ['eu'], disable_fallbacks: true },
    permissions: {},
    allowed_routes: []
  }), {
    value: {
      hash: token,
      keyName: 'sk-...ab12',
      name: 'app-1',
      user: 'ann',
      team: 'red',
      models: ['gpt'],
      blocked: true,
      maxParallelRequests: 0,
      rpmLimit: 100,
      metadata: { purpose: 'demo', tags: ['eu'], disable_fallbacks: true },
      expiresAt: Date.UTC(2030, 0, 1),
      tags: ['eu'],
      fallbacks: false
    },
    lost: []
  })
})

t.test('what would be lost, and limits a key, is named', async t => {
  const lost = (row: object): readonly string[] => keyOfLiteLLM({ token, ...row })!.lost
  t.strictSame(lost({ max_budget: 10, tpm_limit: '5', allowed_routes: ['/v1'], permissions: { x: true }, metadata: { guardrails: ['pii'], enforced_params: [] } }),
    ['max_budget', 'tpm_limit', 'allowed_routes', 'permissions', 'metadata.guardrails'])
  t.strictSame(lost({ max_budget: 0 }), ['max_budget'], 'nothing may be spent')
  t.strictSame(lost({ blocked: false, metadata: null, models: null }), [])
  t.strictSame(teamOfLiteLLM({ team_id: 'red', max_budget: 1 })!.lost, ['max_budget'])
})

t.test('a row that is no key, or no team, is none', async t => {
  for (const row of [{}, { token: 'sk-plain' }, { token: 'AB'.repeat(32) }, { token, team_id: 'litellm-dashboard' }]) t.equal(keyOfLiteLLM(row), undefined)
  t.equal(teamOfLiteLLM({ team_alias: 'red' }), undefined)
})
