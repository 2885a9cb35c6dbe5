// One spoken turn through the gateway, with its events as they come.
//
//   npm run demo                  against the simulator: no key, no network, no bill
//   XAI_API_KEY=… npm run demo    against xAI (OPENAI_API_KEY: against OpenAI)
//
// The answer is saved as demo-answer.wav.
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import Fastify from 'fastify'
import realtimeGateway, { realtimeUrl } from 'fastify-realtime-gateway'
import type { RealtimeEvent, Spent } from 'fastify-realtime-gateway'
import { createSimulator, pcmChunks, speechPcm, toWav } from 'fastify-realtime-gateway/testing'
import { WebSocket } from 'ws'

const chunkMs = 100
const patienceMs = 30_000
const comparedDials = 7
const answerFile = 'demo-answer.wav'
const key = 'sk-demo-0123456789abcdef'

const { XAI_API_KEY, XAI_API_BASE = 'https://api.x.ai/v1', OPENAI_API_KEY, OPENAI_BASE_URL = 'https://api.openai.com/v1' } = process.env
const openai = !XAI_API_KEY && !!OPENAI_API_KEY
const target = openai ? 'openai/gpt-realtime-2.1' : 'xai/grok-voice-latest'
const providerKey = XAI_API_KEY || OPENAI_API_KEY || 'simulated'
const simulator = providerKey === 'simulated' ? await createSimulator({ flavour: 'xai', pace: 1, hears: 'Hello, can you hear me?' }) : undefined
const baseUrl = simulator?.url ?? (openai ? OPENAI_BASE_URL : XAI_API_BASE)

const app = Fastify()
await app.register(realtimeGateway, {
  deployments: [{ model: 'voice', target, apiKey: providerKey, baseUrl }],
  keys: [{ name: 'demo', key }],
  onSessionClose: ({ turns, ageMs, bytes, closeCode, cost }) => {
    if (turns > 0) console.log(`\nThe gateway's account: ${turns} turn in ${seconds(ageMs)}, ${kilobytes(bytes.client)} up, ${kilobytes(bytes.upstream)} down, ${dollars(cost)}, closed with ${closeCode}.`)
  }
})
await app.listen({ port: 0, host: '127.0.0.1' })
const through = `ws://127.0.0.1:${(app.server.address() as AddressInfo).port}/v1/realtime?model=voice`
console.log(`${through} -> ${target} ${simulator ? '(simulated: set XAI_API_KEY or OPENAI_API_KEY for the real one)' : ''}\n`)

const audio = await talk()
if (audio.length === 0) throw new Error('no answer was heard')
writeFileSync(answerFile, toWav(audio))
await compare()
await app.close()
await simulator?.close()
console.log(`\nThe answer is in ${answerFile}: ${seconds(audio.length / 48)} of speech.`)

/** Says something, as a microphone would, and returns the answer: PCM16 at 24 kHz. */
async function talk (): Promise<Buffer> {
  const answer: Buffer[] = []
  const startedAt = performance.now()
  const print = createPrinter(startedAt)
  const socket = new WebSocket(through, { headers: { Authorization: `Bearer ${key}` } })
  const send = (event: RealtimeEvent): void => {
    print('->', event.type, '')
    socket.send(JSON.stringify(event))
  }
  let heard = false
  const over = new Promise<void>((resolve, reject) => {
    setTimeout(() => reject(new Error(`no answer within ${seconds(patienceMs)}`)), patienceMs).unref()
    socket.on('error', reject)
    socket.on('close', (code, reason) => reject(new Error(`closed with ${code} ${reason}`)))
    socket.on('message', data => {
      const event = JSON.parse(String(data))
      if (event.type === 'response.output_audio.delta') answer.push(Buffer.from(event.delta, 'base64'))
      if (event.type === 'input_audio_buffer.speech_started') heard = true
      print('<-', event.type, event.transcript ?? event.error?.message ?? '')
      if (event.type === 'response.done') resolve()
    })
  })
  over.catch(() => {})
  await once(socket, 'open')
  // xAI listens for turns only when asked to, and has the setting at the top; OpenAI has it in audio.input, and on.
  send({ type: 'session.update', session: openai ? { type: 'realtime' } : { turn_detection: { type: 'server_vad' } } })
  for (const chunk of pcmChunks(speechPcm({ speechMs: 1500, silenceMs: 1000 }))) {
    send({ type: 'input_audio_buffer.append', audio: chunk.toString('base64') })
    await sleep(chunkMs)
  }
  // Synthetic speech may be none to a real provider's ear.
  if (!simulator) await sleep(2_000)
  if (!heard) {
    send({ type: 'conversation.item.create', item: { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Say hello.' }] } })
    send({ type: 'response.create' })
  }
  await over
  print.flush()
  socket.close(1000)
  await once(socket, 'close')
  return Buffer.concat(answer)
}

/** Prints events with their times; a run of equal ones, and all deltas between two others, on one line. */
function createPrinter (startedAt: number) {
  let run: { line: string, count: number } | undefined
  const deltas = new Map<string, number>()
  const flush = (): void => {
    if (run) console.log(run.line + (run.count > 1 ? ` x${run.count}` : ''))
    run = undefined
    if (deltas.size > 0) console.log(`${' '.repeat(9)} <- ${[...deltas].map(([type, count]) => `${type} x${count}`).join(', ')}`)
    deltas.clear()
  }
  return Object.assign((arrow: string, type: string, text: string): void => {
    if (type.endsWith('.delta')) {
      if (run) flush()
      deltas.set(type, (deltas.get(type) ?? 0) + 1)
      return
    }
    if (run?.line.endsWith(`${arrow} ${type}`) && text === '') {
      run.count++
      return
    }
    flush()
    run = { line: `${seconds(performance.now() - startedAt).padStart(9)} ${arrow} ${type}`, count: 1 }
    if (text !== '') run.line += `  "${text}"`
  }, { flush })
}

/** Dials the provider directly and through the gateway in turn, and prints what the way through costs. */
async function compare (): Promise<void> {
  const direct = realtimeUrl(baseUrl)
  direct.searchParams.set('model', target.split('/')[1]!)
  const times = { direct: [] as number[], through: [] as number[] }
  for (let i = 0; i < comparedDials; i++) {
    times.direct.push(await timeToFirstEvent(direct.href, providerKey))
    times.through.push(await timeToFirstEvent(through, key))
  }
  const [a, b] = [median(times.direct), median(times.through)]
  console.log(`From dial to the first event, median of ${comparedDials}: ${a.toFixed(1)} ms directly, ${b.toFixed(1)} ms through the gateway: ${(b - a).toFixed(1)} ms more.`)
}

async function timeToFirstEvent (url: string, bearer: string): Promise<number> {
  const startedAt = performance.now()
  const socket = new WebSocket(url, { headers: { Authorization: `Bearer ${bearer}` } })
  await once(socket, 'message')
  const ms = performance.now() - startedAt
  socket.close(1000)
  await once(socket, 'close')
  return ms
}

function median (values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!
}

function seconds (ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`
}

/** What the provider charges, at the prices that the gateway knows. */
function dollars ({ nanos, unpriced }: Spent): string {
  return unpriced > 0 ? `${unpriced} without a known price` : `$${(nanos / 1e9).toFixed(4)}`
}

function kilobytes (bytes: number): string {
  return `${Math.round(bytes / 1024)} KiB`
}
