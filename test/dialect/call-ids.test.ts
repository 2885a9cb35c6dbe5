import fc from 'fast-check'
import assert from 'node:assert/strict'
import t from 'tap'
import { shortId, withShortIds, xaiId } from '../../lib/dialect/xai/upstream/call-ids.ts'
import { holds } from '../fixtures/session/seeded.ts'

const recorded = 'call-af8ed632-2074-4b5f-b719-7aa47250d3c6-0'
const index = fc.integer({ min: 0, max: 999 })
const ofXai = fc.tuple(fc.uuid(), index).map(([uuid, index]) => `call-${uuid}-${index}`)
const idCharacters = fc.string({ unit: fc.constantFrom(...'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_'), maxLength: 60 })
const looksLikeOurs = idCharacters.map(rest => `call_x-${rest}`)

t.test('the id of a recorded call has a short one', async t => {
  t.equal(shortId(recorded), 'call_x-r47WMiB0S1-3GXqkclDTxg0')
  t.equal(xaiId('call_x-r47WMiB0S1-3GXqkclDTxg0'), recorded)
})

t.test('xAI hears its own id again', async t => {
  await holds(t, 1000, ofXai, id => assert.equal(xaiId(shortId(id)), id))
})

t.test('a short id is within OpenAI\'s 32 characters, and of its alphabet', async t => {
  await holds(t, 1000, ofXai, id => assert.match(shortId(id), /^call_[\w-]{1,27}$/))
})

t.test('each call has a short id of its own', async t => {
  await holds(t, 300, fc.uniqueArray(ofXai, { minLength: 2, maxLength: 8 }), ids => assert.equal(new Set(ids.map(shortId)).size, ids.length))
})

t.test('whatever a client says, xAI is told it in one way: nothing but a short id stands for an id of xAI\'s', async t => {
  await holds(t, 1000, fc.oneof(looksLikeOurs, idCharacters, ofXai.map(shortId)), id => assert.ok(xaiId(id) === id || shortId(xaiId(id)) === id))
})

t.test('ids of another shape are the same on both sides', async t => {
  await holds(t, 1000, fc.oneof(fc.uuid(), idCharacters, fc.string(), idCharacters.map(id => `call_${id}`), idCharacters.map(id => `call-${id}`)), id => {
    fc.pre(!/^call-[0-9a-f-]{36}-\d/.test(id) && !/^call_x-.{23}/.test(id))
    assert.deepEqual([shortId(id), xaiId(id)], [id, id])
  })
  for (const id of [
    'call_uMNE0Myi2tDTPu0w', 'call-1', 'call-af8ed632-2074-4b5f-b719-7aa47250d3c6', `${recorded}-1`, `x${recorded}`, recorded.toUpperCase(), recorded.replace(/0$/, '01'), recorded.replace(/0$/, '1000'),
    'call_x-', 'call_x-1', 'call_x-r47WMiB0S1-3GXqkclDTxg', 'call_x-r47WMiB0S1-3GXqkclDTxg01', 'call_x-r47WMiB0S1-3GXqkclDTxh0', 'call_x-r47WMiB0S1-3GXqkclDTxg1000', 'call_x-r47WMiB0S1-3GXqkclDTxg0\n', ''
  ]) t.strictSame([shortId(id), xaiId(id)], [id, id])
})

t.test('a text has the short ids of all the calls that it names, and is the same otherwise', async t => {
  t.equal(withShortIds(`Tool call ID '${recorded}' not found, nor ${recorded.replace(/0$/, '12')}.`), "Tool call ID 'call_x-r47WMiB0S1-3GXqkclDTxg0' not found, nor call_x-r47WMiB0S1-3GXqkclDTxg12.")
  for (const text of ['', 'call-', 'call-center', `${recorded}-1`, `re${recorded}`, `${recorded}12345`]) t.equal(withShortIds(text), text)
  await holds(t, 500, fc.tuple(fc.string(), ofXai, fc.string()), ([before, id, after]) => {
    fc.pre(!/[\w-]$/.test(before) && !/^[\w-]/.test(after))
    assert.equal(withShortIds(before + id + after), before + shortId(id) + after)
  })
})
