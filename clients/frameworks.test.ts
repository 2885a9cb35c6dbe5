import { join } from 'node:path'
import t from 'tap'
import type { SimulatorFlavour } from '../lib/testing/index.ts'
import { startProgram } from '../test/fixtures/program.ts'
import type { DialectName } from '../types/index.ts'
import { checkConversation, checkProvider, openSetting } from './fixtures/frameworks.ts'
import { npmWith, pythonWith } from './fixtures/packages.ts'
import type { Packages } from './fixtures/packages.ts'

// Frameworks for voice agents as their documentation has them, with nothing but address, key and model changed. Each speaks, has a tool called and
// interrupts an answer; docs/clients.md says what each needs. To try newer ones, change the versions here.

interface Framework {
  readonly name: string
  readonly packages: Packages
  /** In programs/frameworks. */
  readonly program: string
  /** Its own name for the provider that it is made for. */
  readonly service: string
  readonly on: ReadonlyArray<readonly [provider: SimulatorFlavour, dialect?: DialectName]>
}

// Installing takes its time, and each of them some seconds to wake up.
t.setTimeout(900_000)
t.jobs = 3

// One after the other: pip alone keeps a machine busy.
const livekit = await pythonWith(['livekit-agents==1.8.9', 'livekit-plugins-openai==1.8.9', 'livekit-plugins-xai==1.8.9'])
const pipecat = await pythonWith(['pipecat-ai[openai,websocket]==1.14.0'])
const agents = await pythonWith(['openai-agents[realtime]==0.24.0'])
const pydantic = await pythonWith(['pydantic-ai-slim[openai,realtime,xai]==2.68.0'])
const vercel = await npmWith(['@ai-sdk/openai@4.0.118', '@ai-sdk/xai@5.0.12'])

const frameworks: readonly Framework[] = [
  { name: 'LiveKit, its OpenAI plugin', packages: livekit, program: 'livekit_voice.py', service: 'openai', on: [['openai'], ['azure'], ['xai']] },
  { name: 'LiveKit, its xAI plugin', packages: livekit, program: 'livekit_voice.py', service: 'xai', on: [['xai'], ['openai', 'xai']] },
  { name: 'Pipecat, its OpenAI service', packages: pipecat, program: 'pipecat_voice.py', service: 'openai', on: [['openai'], ['xai']] },
  { name: 'Pipecat, its Azure service', packages: pipecat, program: 'pipecat_voice.py', service: 'azure', on: [['azure'], ['xai']] },
  { name: 'Pipecat, its xAI service', packages: pipecat, program: 'pipecat_voice.py', service: 'xai', on: [['xai'], ['openai', 'xai']] },
  { name: 'the agents SDK for Python', packages: agents, program: 'agents_voice.py', service: 'openai', on: [['openai'], ['xai']] },
  { name: 'Pydantic AI, its OpenAI model', packages: pydantic, program: 'pydantic_voice.py', service: 'openai', on: [['openai'], ['xai']] },
  { name: 'Pydantic AI, its xAI model', packages: pydantic, program: 'pydantic_voice.py', service: 'xai', on: [['xai'], ['openai', 'xai']] },
  { name: 'Vercel\'s AI SDK, its OpenAI model', packages: vercel, program: 'ai-sdk-voice.mjs', service: 'openai', on: [['openai'], ['xai']] },
  { name: 'Vercel\'s AI SDK, its xAI model', packages: vercel, program: 'ai-sdk-voice.mjs', service: 'xai', on: [['xai'], ['openai']] }
]

const seen = new Set<string>()

for (const { name, packages, program: file, service, on } of frameworks) {
  for (const [provider, dialect] of on) {
    const skip = packages.missing ?? false
    t.test(`${name}, on ${provider}${dialect === undefined ? '' : `, with a key of dialect ${dialect}`}`, { skip, buffered: true, timeout: 150_000 }, async t => {
      const { simulator, env } = await openSetting(t, provider, dialect)
      const { folder = '' } = packages
      const command = file.endsWith('.py') ? join(folder, 'bin', 'python') : process.execPath
      const program = startProgram(t, command, [join(import.meta.dirname, 'programs', 'frameworks', file), service, folder], { env, timeout: 120_000 })
      t.equal(await program.exit, 0, `it ends by itself:\n${program.output()}`)
      const version = /^version (.*)$/m.exec(program.output())![1]!
      if (!seen.has(version)) console.error(`Tried: ${version}`)
      seen.add(version)
      checkConversation(t, program.output())
      checkProvider(t, simulator)
    })
  }
}
