import t from 'tap'
import type { Test } from 'tap'
import { once } from 'node:events'
import { WebSocket } from 'ws'
import type { RealtimeEvent } from '../types/index.ts'
import { connect, goodKey } from './fixtures/client.ts'
import { deploymentAt, startGateway } from './fixtures/gateway.ts'
import { loadRecordings, recordingsFolder } from './fixtures/recordings.ts'
import type { Interaction } from './fixtures/recordings.ts'
import { startUpstream } from './fixtures/upstream.ts'

/**
 * An event as text that no serialiser would write: keys turned round, odd spaces, escapes where none is needed. A
 * gateway that parses and writes it again is found out.
 */
function oddly (value: unknown, depth = 0): string {
  const space = ['', ' ', '\n', '\t '][depth % 4]!
  if (Array.isArray(value)) return `[${space}${value.map(item => oddly(item, depth + 1)).join(` ,${space}`)}]`
  if (typeof value === 'object' && value !== null) {
    const fields = Object.entries(value).reverse().map(([name, item]) => `${JSON.stringify(name)}${space}: ${oddly(item, depth + 1)}`)
    return `{${space}${fields.join(`${space},`)} }`
  }
  return typeof value === 'string' ? JSON.stringify(value).replace(/[e/]/, letter => letter === '/' ? '\\/' : '\\u0065') : JSON.stringify(value)
}

interface Line { readonly sent: boolean, readonly text: string }

/** The connections of a recording, each a list of frames as text. */
function connections (interactions: readonly Interaction[], write: (event: RealtimeEvent) => string): Line[][] {
  const lists: Line[][] = []
  for (const { connection, direction, data } of interactions) (lists[connection] ??= []).push({ sent: direction === 'sent', text: write(data) })
  return lists.filter(list => list !== undefined)
}

/** Both ends say their lines in turn, each as soon as the line before has arrived at the other end. */
async function play (t: Test, target: string, lines: readonly Line[], limits: object): Promise<void> {
  const upstream = await startUpstream(t, call => { call.accept() })
  const { port, session } = await startGateway(t, { deployments: [deploymentAt(upstream, { target, dialect: 'native' })], ...limits })
  const first = lines.findIndex(({ sent }) => !sent)
  const connecting = connect(port)
  const provider = await upstream.peer(0)
  provider.send(lines[first]!.text)
  const client = await connecting
  await client.message(0)
  let sent = 0
  let received = 1
  for (const [i, line] of lines.entries()) {
    if (i === first) continue
    if (line.sent) {
      client.send(line.text)
      await provider.message(sent++)
    } else {
      provider.send(line.text)
      await client.message(received++)
    }
  }
  const texts = (sentLines: boolean): string[] => lines.filter(line => line.sent === sentLines).map(({ text }) => text)
  t.strictSame(client.messages.map(({ payload }) => payload.toString()), texts(false))
  t.strictSame(provider.messages.map(({ payload }) => payload.toString()), texts(true))
  client.close(1000)
  await client.closed
  const { turns } = await session(0)
  t.equal(turns, lines.filter(line => !line.sent && (JSON.parse(line.text) as RealtimeEvent).type === 'response.done').length)
}

const recordings = loadRecordings()
if (recordings.length === 0) t.comment(`skipped: no recordings at ${recordingsFolder}`)

for (const { name, provider, interactions } of recordings) {
  const target = `${provider === 'xai' ? 'xai' : 'openai'}/recorded`
  t.test(`the recording ${name} passes byte for byte at both ends`, async t => {
    for (const lines of connections(interactions, event => JSON.stringify(event))) await play(t, target, lines, {})
  })

  t.test(`the recording ${name} passes as oddly as it is written, with a key that has a list of models, too`, async t => {
    for (const lines of connections(interactions, oddly)) await play(t, target, lines, { keys: [{ key: goodKey, models: ['*'] }] })
  })

  t.test(`the recording ${name} reaches a ws client in the same order when the provider does not wait`, async t => {
    const [lines] = connections(interactions, oddly)
    const received = lines!.filter(({ sent }) => !sent)
    const upstream = await startUpstream(t, call => {
      const peer = call.accept()
      for (const { text } of received) peer.send(text)
      peer.close(1000)
    })
    const { port } = await startGateway(t, { deployments: [deploymentAt(upstream, { target, dialect: 'native' })] })
    const ws = new WebSocket(`ws://127.0.0.1:${port}/v1/realtime?model=voice`, { headers: { Authorization: `Bearer ${goodKey}` } })
    const heard: string[] = []
    ws.on('message', (data: Buffer) => heard.push(data.toString()))
    const [code] = await once(ws, 'close') as [number]
    t.equal(code, 1000)
    t.strictSame(heard, received.map(({ text }) => text))
  })
}

t.test('the odd way of writing is odd, and reads as the same event', async t => {
  const event = { type: 'response.create', a: [1, { b: null }, 'e/e'], c: {} }
  t.strictSame(JSON.parse(oddly(event)), event)
  t.not(oddly(event), JSON.stringify(event))
  t.not(oddly(event), JSON.stringify(JSON.parse(oddly(event))))
})
