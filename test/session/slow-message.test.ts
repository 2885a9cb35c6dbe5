import t from 'tap'
import { SlowMessage } from '../../lib/session/slow-message.ts'

const KiB = 1024

/** Looks once a second; each look sees what `at` says of that second. @returns the second in which the message was too slow */
function run (seconds: number, at: (second: number) => { unfinished: number, messagesIn?: number, paused?: boolean }): number | undefined {
  const message = new SlowMessage()
  for (let second = 1; second <= seconds; second++) {
    if (message.check({ messagesIn: 0, paused: false, ...at(second) }, 1_000, 15_000)) return second
  }
  return undefined
}

t.test('a message that is left open, or drips, is too slow after 15 seconds', async t => {
  t.equal(run(60, () => ({ unfinished: 1 })), 16)
  t.equal(run(60, second => ({ unfinished: 16 * KiB * KiB + second })), 16)
  t.equal(run(60, second => ({ unfinished: second < 31 ? second * KiB * 2 : 60 * KiB })), 40, '16 KiB in time begin a new count')
})

t.test('15 MiB over 1 Mbit/s are whole after two minutes', async t => {
  t.equal(run(126, second => ({ unfinished: second * 125_000 })), undefined)
})

t.test('each message has its own time', async t => {
  t.equal(run(60, second => ({ unfinished: 10, messagesIn: Math.floor(second / 14) })), undefined)
  t.equal(run(60, second => ({ unfinished: second % 14 === 0 ? 0 : 10 })), undefined)
})

t.test('time in which the peer is not read does not count', async t => {
  t.equal(run(60, second => ({ unfinished: 10, paused: second > 5 && second <= 25 })), 36)
})
