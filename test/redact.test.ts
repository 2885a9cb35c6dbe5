import t from 'tap'
import { createProviderErrors } from '../lib/session/pipeline/provider-error.ts'
import { createPipeline } from '../lib/session/pipeline/pipeline.ts'
import { redactSecrets, redactText } from '../lib/redact.ts'

t.test('what looks like a credential, a URL or an address is taken out of a reason', async t => {
  const canaries = [
    'sk-proj-Canary_0123456789', 'sk-ant-canary-0123456789', 'xai-Canary0123456789abcdef', 'ek_canary0123456789', 'pk_live_canary0123456789', 'rk_live_canary0123456789',
    'gsk_canary0123456789', 'api-key-canary0123456789', 'key_canary0123456789', 'token-canary0123456789', 'secret_canary0123456789', 'SK-CANARY0123456789',
    'Bearer canary', 'bearer   canary.canary', 'Basic Y2FuYXJ5OmNhbmFyeQ==', 'https://canary.example/v1?key=canary', 'wss://canary:1/', 'postgres://canary:canary@db/x', '10.1.2.3', '192.168.0.1:8080',
    'eyJhbGciOiJIUzI1NiJ9.eyJjYW5hcnkiOjF9.c2lnbmF0dXJlLWNhbmFyeQ', '0123456789abcdef0123456789abcdef', 'CANARY0123456789canary0123456789CANARY0123456789',
    'canaryhost.internal.example', 'canary.openai.com:443', 'canary.svc', 'a.canary.eastus2.cloud', 'fd00:cafe::dead:beef', '::1', '2001:db8:0:0:0:0:0:1', 'fe80::ca4a',
    'org-CANARY7', 'proj_Canary0123', 'team_0canary1', '/srv/canary/app.js:10:3', '~/canary/x', 'C:\\canary\\app.js'
  ]
  for (const canary of canaries) {
    for (const text of [canary, `invalid: ${canary}`, `(${canary}) was refused`, `"${canary}"`, `key=${canary}, sorry`, `${canary}\n`]) {
      const redacted = redactText(text)
      const left = canary.split(/\s+/).at(-1)!
      t.ok(!redacted.includes(left) && !/canary/i.test(redacted.replace(/\[redacted\]/g, '')), text, { redacted })
    }
  }
})

t.test('a plain reason stays as it is', async t => {
  for (const text of ['', 'bye', 'Your session hit the maximum duration of 60 minutes.', 'invalid_request_error.invalid_api_key', 'model_not_allowed', 'quota exceeded, try again in 20s',
    'späte Grüße 😀', 'session sess_CZ1a2b3c4d5e6f was closed', 'no such model: gpt-realtime-2025-08-28', 'see event_0123456789abcdef',
    'response.audio.delta came after response.done', 'at 12:30:45 and/or later', 'use session.update', '3 requests/minute', 'user_message is empty', 'e.g. this one', 'Wait: no']) t.equal(redactText(text), text)
})

t.test('control characters become spaces', async t => {
  t.equal(redactText('a\r\nb\u001b[31mc\u0000d\u007fe'), 'a  b [31mc d e')
})

t.test('the longest of reasons are redacted in linear time', async t => {
  const size = 1_000_000
  for (const part of ['bearer ', 'bearer', 'a:', 'a://', '1.', '1.1.1.', 'sk-', 'sk-a', '-', ' ', 'x', 'key_key_', 'eyJ', 'eyJa.', '0', 'basic ', 'Aa0-', 'a.', 'a.com', '1:', 'f:', '::', '/a', '/a/', 'org-', 'org-A', 'a:\\\\', '~/']) {
    const text = part.repeat(size / part.length)
    const start = performance.now()
    redactText(text)
    const ms = performance.now() - start
    t.ok(ms < 1_000, `${part}: ${ms.toFixed()} ms`)
  }
})

t.test("the provider's own credential does not pass, whatever it looks like", async t => {
  t.equal(redactText('key plainword is over its limit', 'plainword'), 'key [redacted] is over its limit')
  t.equal(redactText('an empty secret hides nothing', ''), 'an empty secret hides nothing')
})

t.test('an error event loses credentials, and no word that an SDK may match on', async t => {
  for (const [text, shown] of [
    ['Incorrect API key provided: sk-proj-Canary_0123456789.', 'Incorrect API key provided: [redacted].'],
    ['Authorization: Bearer canary0123456789canary', 'Authorization: [redacted]'],
    ['plainword was refused', '[redacted] was refused'],
    ['token eyJhbGciOiJIUzI1NiJ9.eyJjYW5hcnkiOjF9.c2lnbmF0dXJl', 'token [redacted]']
  ] as const) t.equal(redactSecrets(text, 'plainword'), shown)
  for (const text of ['See https://platform.openai.com/account/api-keys', 'max_output_tokens at /session/tools is over 10.0.0.1', 'token_limit_exceeded', 'Incorrect API key provided: sk-pr***xy', 'org-Abc0123 is over its limit',
    "Item 'item_0123456789abcdef0123456789abcdef' does not exist"]) t.equal(redactSecrets(text), text)
})

t.test('the error event of a provider goes on as it came, unless it holds a credential', async t => {
  const { stage, last } = createProviderErrors(() => 0, 'PROVIDERKEY-canary')
  const { judge } = createPipeline([stage])
  const seen = (text: string): unknown => {
    const verdict = judge(Buffer.from(text), false, true)
    return verdict !== undefined && 'onward' in verdict ? verdict.onward.map(String) : verdict
  }
  t.equal(seen('{"type": "error", "error": {"type":"server_error","message":"no luck"} }'), undefined)
  t.strictSame(seen('{"type":"error","event_id":"PROVIDERKEY-canary","error":{"code":"sk-canary-0123456789","param":"PROVIDERKEY-canary","message":"bad PROVIDERKEY-canary","n":12345678901234567890,"more":[{"x":"sk-canary-0123456789"}]}}'),
    ['{"type":"error","event_id":"PROVIDERKEY-canary","error":{"code":"sk-canary-0123456789","param":"PROVIDERKEY-canary","message":"bad [redacted]","n":12345678901234567890,"more":[{"x":"[redacted]"}]}}'])
  t.notMatch(JSON.stringify(last()), /PROVIDERKEY|canary/)
})
