import t from 'tap'
import { GatewayError } from '../lib/errors.ts'

t.test('a refusal carries status, OpenAI body and close code', async t => {
  const error = new GatewayError('model_not_found', { param: 'model' })
  t.equal(error.statusCode, 404)
  t.equal(error.closeCode, 4000)
  t.strictSame(error.body, {
    type: 'invalid_request_error', code: 'model_not_found', message: error.message, param: 'model', event_id: null
  })
})

t.test('every 429 and 503 says when to come back', async t => {
  t.equal(new GatewayError('draining').retryAfterSeconds, 1)
  t.equal(new GatewayError('upstream_rate_limited', { retryAfterMs: 1200 }).retryAfterSeconds, 2)
  t.equal(new GatewayError('model_not_found').retryAfterSeconds, undefined)
})

t.test('each error event has an id of its own', async t => {
  const error = new GatewayError('slow_consumer')
  t.not(error.toEvent().event_id, error.toEvent().event_id)
  t.match(error.toEvent(), { type: 'error', error: { code: 'slow_consumer', type: 'server_error' } })
})
