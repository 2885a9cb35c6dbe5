import t from 'tap'
import { withParam } from '../../lib/dialect/params.ts'

const paths = [['session.audio.output.voice', 'session.voice'], ['session.audio.input.turn_detection', 'session.turn_detection']] as const
const told = (param: unknown, message: unknown): unknown => withParam(paths, { code: 'c', param, message })

t.test('param and message name a field as the reader knows it', async t => {
  t.strictSame(told('session.audio.output.voice', "Invalid value: 'x' for 'session.audio.output.voice'."), { code: 'c', param: 'session.voice', message: "Invalid value: 'x' for 'session.voice'." })
  t.strictSame(told('session.audio.input.turn_detection.threshold', 'session.audio.input.turn_detection.threshold: session.audio.input.turn_detection.threshold'),
    { code: 'c', param: 'session.turn_detection.threshold', message: 'session.turn_detection.threshold: session.turn_detection.threshold' })
})

t.test('other fields in a message stay, those that begin with the same text too', async t => {
  const message = "'session.audio.output.voice_mode' and 'session.audio.input.turn_detection'"
  t.strictSame(told('session.audio.output.voice', message), { code: 'c', param: 'session.voice', message })
})

t.test('what a message says beside the field is never read as a pattern', async t => {
  t.strictSame(told('session.audio.output.voice[$&]', '$1 session.audio.output.voice[$&] .*'), { code: 'c', param: 'session.voice[$&]', message: '$1 session.voice[$&] .*' })
})

t.test('an error stays as it is where both shapes have the same field, or none is named', async t => {
  for (const param of ['session.instructions', 'session.audio.output.voices', 'session.audio', '', null, undefined, 7]) {
    const error = { param, message: 'session.audio.output.voice' }
    t.equal(withParam(paths, error), error)
  }
})

t.test('a message that is none stays', async t => {
  t.strictSame(told('session.audio.output.voice', null), { code: 'c', param: 'session.voice', message: null })
})
