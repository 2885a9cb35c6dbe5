import t from 'tap'
import { allowsModel, fillWildcard, matchWildcard } from '../lib/wildcard.ts'

t.test('a pattern matches as written, with * for any run of characters', async t => {
  const rows: ReadonlyArray<readonly [string, string, string[] | undefined]> = [
    ['a', 'a', []], ['a', 'b', undefined], ['', '', []], ['a', 'A', undefined],
    ['*', '', ['']], ['*', 'any/thing', ['any/thing']],
    ['xai/*', 'xai/grok', ['grok']], ['xai/*', 'xai/', ['']], ['xai/*', 'xai', undefined], ['xai/*', 'Xxai/grok', undefined],
    ['*-mini', 'gpt-mini', ['gpt']], ['*-mini', 'gpt-mini-2', undefined],
    ['gpt-*-mini', 'gpt-4o-mini', ['4o']], ['a*a', 'a', undefined], ['a*a', 'aa', ['']], ['ab*ba', 'aba', undefined],
    ['a*b*c', 'a1b2c', ['1', '2']], ['a*b*c', 'abbc', ['', 'b']], ['a*b*c', 'ac', undefined], ['a*b*b', 'ab', undefined],
    ['**', 'x', ['', 'x']], ['a.c', 'abc', undefined], ['(a+)+$', '(a+)+$', []], ['*.*', 'a.b.c', ['a', 'b.c']]
  ]
  for (const [pattern, name, matched] of rows) t.strictSame(matchWildcard(pattern, name), matched, `${pattern} on ${name}`)
})

t.test('a long name against many * takes no time', async t => {
  const started = performance.now()
  t.equal(matchWildcard('*a'.repeat(100) + 'b', 'a'.repeat(200_000)), undefined)
  t.ok(performance.now() - started < 500)
})

t.test('what was matched fills the target in order, as text', async t => {
  t.equal(fillWildcard('xai/*', ['grok']), 'xai/grok')
  t.equal(fillWildcard('openai/*-*', ['a', 'b']), 'openai/a-b')
  t.equal(fillWildcard('openai/fixed', ['a']), 'openai/fixed')
  t.equal(fillWildcard('openai/*', ['$&', 'x']), 'openai/$&')
  t.equal(fillWildcard('openai/*', ['*']), 'openai/*')
})

t.test('a list allows what one of it matches; no list allows all', async t => {
  t.ok(allowsModel(undefined, 'x'))
  t.ok(allowsModel([], 'x'))
  t.ok(allowsModel(['a', 'xai/*'], 'xai/grok'))
  t.notOk(allowsModel(['a', 'xai/*'], 'openai/gpt'))
  t.notOk(allowsModel([''], 'x'))
})
