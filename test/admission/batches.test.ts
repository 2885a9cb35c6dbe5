import t from 'tap'
import { createBatches } from '../../lib/admission/limits/batches.ts'

t.test('what is asked while an answer is awaited is answered together, and in parts that are not too large', async t => {
  const batches: number[] = []
  const ask = createBatches<number, number>(async questions => {
    batches.push(questions.length)
    return questions.map(each => -each)
  })
  const answers = await Promise.all(Array.from({ length: 120 }, (_, i) => ask(i + 1)))
  t.strictSame(answers, Array.from({ length: 120 }, (_, i) => -i - 1))
  t.strictSame(batches, [1, 50, 50, 19])
})

t.test('all of a batch that fails are told, and the next is asked as ever', async t => {
  let fails = true
  const ask = createBatches<number, number>(async questions => {
    if (fails) throw new Error('away')
    return questions
  })
  const first = await Promise.allSettled([ask(1), ask(2), ask(3)])
  t.strictSame(first.map(({ status }) => status), ['rejected', 'rejected', 'rejected'])
  fails = false
  t.equal(await ask(4), 4)
})
