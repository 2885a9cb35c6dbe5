import t from 'tap'
import { play, run } from '../fixtures/session/machine.ts'
import { holds } from '../fixtures/session/seeded.ts'

t.test('whatever happens in whatever order, a session ends once, in order, with nothing lost before and nothing left behind', async t => {
  const ends: Record<string, number> = { complete: 0, lingered: 0 }
  await holds(t, 500, run, async run => {
    const { summary: { endedBy, closeCode, error }, isComplete, lingered } = await play(run)
    const end = `${endedBy} ${error ?? closeCode}`
    ends[end] = (ends[end] ?? 0) + 1
    if (isComplete) ends['complete']!++
    if (lingered) ends['lingered']!++
  })
  t.comment(JSON.stringify(ends))
  for (const end of ['client 1000', 'client 1006', 'upstream 1000', 'upstream 1006', 'gateway 4321', 'gateway draining', 'gateway peer_timeout', 'gateway message_too_large', 'complete', 'lingered']) {
    t.ok(ends[end], `${end} was among the ends`)
  }
})
