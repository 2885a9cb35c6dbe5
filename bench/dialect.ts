import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import WebSocket from 'ws'
import { createDialects } from '../lib/dialect/dialects.ts'
import type { Translation } from '../lib/dialect/translation.ts'
import { createSimulator } from '../lib/testing/index.ts'
import type { SimulatorFlavour } from '../lib/testing/index.ts'
import type { DialectName } from '../types/index.ts'
import { withField } from './field.ts'
import type { Runner } from './field.ts'
import { machine } from './machine.ts'
import { chooseCores, pinSelf } from './process.ts'
import { paired, pairedRounds } from './rounds.ts'
import { downstream } from './scenarios/downstream.ts'
import { closePairs, openPairs } from './session.ts'
import { median } from './stats.ts'
import { build, gateway } from './subjects/gateway.ts'

// What translating costs: `npx tsx bench/dialect.ts [--rounds 9]`. First what an audio frame costs the gateway that is renamed, or passes
// in a session that is translated, against one that passes untouched: paired rounds in one process. Then the time that each other event takes.

const { values: args } = parseArgs({ options: { rounds: { type: 'string', default: '9' } } })
const rounds = Number(args.rounds)
const bar = { renamed: 1.15, eventMicros: 100 }
// OpenAI's deltas hold 250 ms of audio, telephony's 20 to 50.
const audioBytes = [2_400, 12_000]
const sessions = 16
let failed = 0

function judged (holds: boolean, text: string): string {
  if (!holds) failed++
  return `${holds ? 'within' : 'OVER'} ${text}`
}

build()
const cores = chooseCores()
if (typeof cores === 'string') console.log(`Nothing is pinned: ${cores}. The figures are worth little.`)
else pinSelf(cores.load)
const directory = mkdtempSync(join(tmpdir(), 'realtime-gateway-bench-'))
process.on('exit', () => rmSync(directory, { recursive: true, force: true }))

console.log(`Processor time of one audio frame from the upstream, median of ${rounds} paired rounds, ${sessions} sessions`)
await withField([gateway], { core: typeof cores === 'string' ? undefined : cores.subject, directory }, async ([only]) => {
  const kind = (name: string, path: string, headers: Readonly<Record<string, string>> = {}): Runner => {
    const running = { ...only!.running, url: only!.running.url.replace(/\/v1.*/, path), headers: { ...only!.running.headers, ...headers } }
    return { subject: { ...gateway, name }, running, world: { ...only!.world, target: running } }
  }
  const runners = [
    kind('untouched', '/v1/realtime?model=bench'),
    kind('renamed', '/v1/realtime?model=bench', { 'OpenAI-Beta': 'realtime=v1' }),
    kind('passing', '/v1/realtime?model=bench-xai')
  ]
  for (const bytes of audioBytes) {
    const series = await pairedRounds(runners, rounds, async ({ running, world }) => {
      const pairs = await openPairs(world, sessions)
      const slice = await downstream(pairs, running.pids(), bytes, { warmUpMs: 500, measureMs: 1_500 })
      await closePairs(world, pairs)
      return slice
    })
    const micros = (name: string): string => median(series[name]!.map(({ cpuMicros }) => cpuMicros)).toFixed(1)
    const ratio = (name: string): number => paired(series, name, 'untouched', (own, other) => own.cpuMicros / other.cpuMicros)!
    console.log(`  ${bytes} bytes of audio: untouched ${micros('untouched')} µs, renamed for a beta client ${micros('renamed')} µs ` +
      `(${ratio('renamed').toFixed(3)} x, ${judged(ratio('renamed') <= bar.renamed, `${bar.renamed}`)}), passing from xAI ${micros('passing')} µs (${ratio('passing').toFixed(3)} x)`)
  }
})

/** What a provider sends in a session with a spoken turn and a function call. */
async function eventsOf (flavour: SimulatorFlavour): Promise<string[]> {
  const simulator = await createSimulator({ flavour, apiKeys: ['sk-bench'] })
  const socket = new WebSocket(`${simulator.url}?model=${flavour === 'xai' ? 'grok-voice-latest' : 'gpt-realtime'}`, { headers: { Authorization: 'Bearer sk-bench' } })
  const events: string[] = []
  const done = new Promise<void>(resolve => {
    let responses = 0
    socket.on('message', data => {
      events.push(String(data))
      const { type } = JSON.parse(String(data)) as { type: string }
      if (type === 'session.updated') for (const event of clientEvents.slice(1)) socket.send(JSON.stringify(event))
      if (type === 'response.done' && ++responses === 1) resolve()
    })
  })
  await once(socket, 'open')
  socket.send(JSON.stringify(clientEvents[0]))
  await done
  socket.terminate()
  await simulator.close()
  return events
}

const tools = Array.from({ length: 20 }, (_, i) => ({
  type: 'function',
  name: `tool_${i}`,
  description: 'Looks something up for the caller, and says what it found in one sentence.',
  parameters: { type: 'object', properties: { what: { type: 'string' }, where: { type: 'string' } }, required: ['what'] }
}))
const clientEvents = [
  { type: 'session.update', session: { type: 'realtime', instructions: 'Answer in one sentence. '.repeat(40), tools, audio: { input: { turn_detection: { type: 'server_vad' }, transcription: { model: 'gpt-4o-transcribe' } }, output: { voice: 'marin' } } } },
  { type: 'conversation.item.create', item: { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'What is the weather in London?' }] } },
  { type: 'response.create', response: { output_modalities: ['audio'] } }
]

/** Microseconds that each type takes, the median of many. */
function timesOf (way: Translation['up'], texts: readonly string[]): Map<string, number> {
  const times = new Map<string, number[]>()
  for (let round = 0; round < 400; round++) {
    for (const text of texts) {
      const buffer = Buffer.from(text)
      const { type } = JSON.parse(text) as { type: string }
      if (!way.types.includes(type) || way.nameOf(type) !== undefined) continue
      const start = process.hrtime.bigint()
      for (const each of way.translate(buffer)?.onward ?? []) Buffer.from(each)
      const took = Number(process.hrtime.bigint() - start) / 1e3
      // The first rounds warm the compiler up.
      if (round >= 200) times.set(type, [...times.get(type) ?? [], took])
    }
  }
  return new Map([...times].map(([type, all]) => [type, median(all)]))
}

console.log('Time that an event takes to be read, translated and written, median of 200')
for (const [client, provider] of [['openai', 'xai'], ['beta', 'xai'], ['beta', 'openai'], ['xai', 'openai'], ['openai', 'beta']] as Array<[DialectName, DialectName]>) {
  // Nobody but Azure's preview speaks beta any more; OpenAI's own events, said in beta, stand for its.
  const sent = await eventsOf(provider === 'xai' ? 'xai' : 'openai')
  const beta = (): Translation => createDialects().between('beta', 'openai', { adjusted: () => {} })!
  const said = (way: Translation['up'], texts: readonly string[]): string[] => texts.flatMap(text => way.translate(Buffer.from(text))?.onward ?? [text])
  const down = provider === 'beta' ? said(beta().down, sent) : sent
  const asked = clientEvents.map(event => JSON.stringify(event))
  const between = (): Translation => createDialects().between(client, provider, { adjusted: () => {} })!
  const all = [...timesOf(between().up, asked), ...timesOf(between().down, down)]
  const slowest = all.reduce((most, each) => each[1] > most[1] ? each : most)
  console.log(`  ${`${client} client on ${provider}`.padEnd(24)} ${all.length} kinds of events, median ${median(all.map(([, time]) => time)).toFixed(1)} µs, ` +
    `slowest ${slowest[0]} ${slowest[1].toFixed(1)} µs, ${judged(slowest[1] < bar.eventMicros, `${bar.eventMicros} µs`)}`)
}

const { processor, processors, system, versions } = await machine()
console.log(`${processors} x ${processor}, ${system}, Node.js ${versions['node']}`)
if (failed > 0) {
  console.log(`${failed} bars missed`)
  process.exitCode = 1
}
