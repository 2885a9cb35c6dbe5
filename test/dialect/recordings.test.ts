import t from 'tap'
import type { Test } from 'tap'
import type { DialectName, RealtimeEvent } from '../../types/index.ts'
import { validateAgents } from '../fixtures/dialect/agents.ts'
import { compareToGolden, goldenLine } from '../fixtures/dialect/golden.ts'
import { createJudge } from '../fixtures/dialect/judge.ts'
import { allPairs } from '../fixtures/dialect/pairs.ts'
import type { TestedPair } from '../fixtures/dialect/pairs.ts'
import type { Played } from '../fixtures/dialect/play.ts'
import { retold } from '../fixtures/dialect/told.ts'
import { validateBeta, validateGa } from '../fixtures/dialect/types.ts'
import { loadRecordings, recordingsFolder } from '../fixtures/recordings.ts'
import type { Interaction, Recording } from '../fixtures/recordings.ts'

// Goldens: `>` goes to the provider, `<` to the client, `=` opens a connection. Reviewed line by line when they were written.
const recordings = loadRecordings()
t.test('there are recordings, which are no part of the repository', { skip: recordings.length === 0 && `none at ${recordingsFolder}` }, async () => {})

const speaks = (provider: string): DialectName => provider === 'xai' ? 'xai' : 'openai'
const pairOf = (client: DialectName, upstream: DialectName): TestedPair => allPairs.find(pair => pair.client === client && pair.upstream === upstream)!

function connections ({ interactions }: Recording): Interaction[][] {
  const last = interactions.at(-1)?.connection ?? -1
  return Array.from({ length: last + 1 }, (_, i) => interactions.filter(({ connection }) => connection === i))
}

interface Take {
  /** What the client is to say in the place of what the recorded client said; `undefined`: nothing. */
  readonly says: (event: RealtimeEvent) => RealtimeEvent | undefined
  /** What the provider says arrives too. */
  readonly both: boolean
}

/** Plays a recording and gives what comes out at both ends, as golden lines. */
function play (t: Test, recording: Recording, pair: TestedPair, { says, both }: Take): string[] {
  return connections(recording).flatMap(interactions => {
    const judge = createJudge(pair)
    const adjusted: string[] = []
    const player = pair.play({ adjusted (field) { adjusted.push(field) } })
    const lines = ['= a new connection']
    // What the gateway says itself is answered by nobody in a recording.
    const write = ({ before, onward, back }: Played, on: string, returning: string): void => {
      lines.push(...[...before, ...onward].map(text => goldenLine(on, text)), ...back.map(text => goldenLine(returning, text)))
    }
    for (const { direction, data } of interactions) {
      const event = direction === 'sent' ? says(data) : data
      if (event === undefined || (direction === 'received' && !both)) continue
      const text = JSON.stringify(event)
      if (direction === 'sent') {
        const played = player.up(text)
        judge.up(event, text, played)
        write(played, '>', '<')
      } else {
        const played = player.down(text)
        for (const told of judge.down(event, text, played)) t.strictSame(faultsOf(pair, told), [], told.type)
        write(played, '<', '>')
      }
    }
    judge.end()
    return [...lines, ...adjusted.map(field => `adjusted ${field}`)]
  })
}

function faultsOf ({ client }: TestedPair, event: RealtimeEvent): readonly string[] {
  // Beta's declarations stopped at the models of their time.
  if (client === 'beta') return validateBeta(event).filter(fault => !/^\.session\.model is /.test(fault))
  // The parser wants no null here, and Azure sends one.
  if (client === 'openai') return [...validateGa(event), ...event.type.endsWith('.failed') ? [] : validateAgents(event)]
  return []
}

for (const recording of recordings) {
  const upstream = speaks(recording.provider)

  t.test(`${recording.name}: a client of the provider's own dialect hears and says everything byte for byte`, async t => {
    const pair = pairOf(upstream, upstream)
    const player = pair.play()
    for (const { direction, data } of recording.interactions) {
      const text = JSON.stringify(data)
      t.strictSame(player[direction === 'sent' ? 'up' : 'down'](text), { onward: [text], back: [], untouched: true, before: [] })
    }
  })

  for (const client of (['openai', 'beta', 'xai'] as const).filter(client => client !== upstream)) {
    t.test(`${recording.name}: what a ${client} client and the provider hear of each other`, async t => {
      const lines = play(t, recording, pairOf(client, upstream), { says: event => retold(recording.name, client, event), both: true })
      compareToGolden(t, `${recording.name}.${client}-client`, lines)
    })
  }

  const other = upstream === 'xai' ? 'openai' : 'xai'
  t.test(`${recording.name}: what ${other} hears of its client`, async t => {
    const lines = play(t, recording, pairOf(upstream, other), { says: event => event, both: false })
    compareToGolden(t, `${recording.name}.on-${other}`, lines)
  })
}
