/** Questions in one batch: the last one waits for all. */
const most = 50

interface Waiting<Q, A> {
  readonly question: Q
  resolve (answer: A): void
  reject (cause: unknown): void
}

/**
 * Answers one batch after the other: what is asked meanwhile is in the next, so that many at once cost little more than one.
 * @param answer of all questions, in their order. What it throws all of them are told.
 */
export function createBatches<Q, A> (answer: (questions: readonly Q[]) => Promise<readonly A[]>): (question: Q) => Promise<A> {
  const waiting: Array<Waiting<Q, A>> = []
  let busy = false

  async function work (): Promise<void> {
    busy = true
    while (waiting.length > 0) {
      const batch = waiting.splice(0, most)
      try {
        const answers = await answer(batch.map(({ question }) => question))
        for (const [i, { resolve }] of batch.entries()) resolve(answers[i] as A)
      } catch (cause) {
        for (const { reject } of batch) reject(cause)
      }
    }
    busy = false
  }

  return question => new Promise((resolve, reject) => {
    waiting.push({ question, resolve, reject })
    if (!busy) work()
  })
}
