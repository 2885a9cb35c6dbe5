import t from 'tap'
import { modelNotice, realtimeModels } from '../../lib/catalogue.ts'

t.test('a deprecated or retired model has a notice that says until when and what to use', async t => {
  for (const [target, notice] of [
    ['xai/grok-voice-fast-1.0', 'model xai/grok-voice-fast-1.0 is deprecated by its provider; use xai/grok-voice-latest'],
    ['openai/gpt-realtime', 'model openai/gpt-realtime is deprecated; its provider shuts it down on 2027-01-20; use openai/gpt-realtime-2.1'],
    ['openai/gpt-realtime-2025-08-28', 'model openai/gpt-realtime-2025-08-28 is deprecated; its provider shuts it down on 2027-01-20; use openai/gpt-realtime-2.1'],
    ['openai/gpt-realtime-mini-2025-12-15', 'model openai/gpt-realtime-mini-2025-12-15 is deprecated; its provider shuts it down on 2027-01-20; use openai/gpt-realtime-2.1-mini'],
    ['openai/gpt-4o-realtime-preview', 'model openai/gpt-4o-realtime-preview was shut down by its provider on 2026-05-07; use openai/gpt-realtime-2.1'],
    ['openai/gpt-4o-realtime-preview-2024-10-01', 'model openai/gpt-4o-realtime-preview-2024-10-01 was shut down by its provider on 2026-05-07; use openai/gpt-realtime-2.1'],
    ['openai/gpt-4o-mini-realtime-preview-2024-12-17', 'model openai/gpt-4o-mini-realtime-preview-2024-12-17 was shut down by its provider on 2026-05-07; use openai/gpt-realtime-2.1-mini']
  ] as const) t.equal(modelNotice(target), notice)
})

t.test('current, unknown and wildcard models have none', async t => {
  for (const target of [
    'xai/grok-voice-latest', 'xai/grok-voice-think-fast-2.0', 'xai/grok-voice-think-fast-1.0', 'openai/gpt-realtime-2.1', 'openai/gpt-realtime-2.1-mini',
    'openai/gpt-realtime-mini-next', 'openai/gpt-realtime-3', 'other/gpt-realtime', 'xai/*', 'openai/gpt-realtime*', 'xai/', ''
  ]) t.equal(modelNotice(target), undefined, target)
})

t.test('every model that has an end has a successor that has none', async t => {
  const current = new Set(realtimeModels.filter(({ status }) => status === 'current').map(({ target }) => target))
  for (const { target, status, successor, ends } of realtimeModels) {
    if (status === 'current') t.strictSame([successor, ends], [undefined, undefined], target)
    else t.ok(current.has(successor!), target)
    if (status === 'retired') t.match(ends, /^\d{4}-\d{2}-\d{2}$/, target)
  }
})
