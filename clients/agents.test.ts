import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { speechPcm } from '../lib/testing/index.ts'
import { startProgram } from '../test/fixtures/program.ts'
import { key } from './fixtures/gateway.ts'
import { openStage, story } from './fixtures/stage.ts'

t.setTimeout(120_000)

const stage = await openStage(t)
const folder = t.testdir()
const files = { certificate: join(folder, 'certificate.pem'), speech: join(folder, 'speech.pcm') }
writeFileSync(files.certificate, stage.gateway.certificate)
writeFileSync(files.speech, speechPcm({ silenceMs: 0 }))

for (const provider of ['openai', 'azure', 'xai', 'xai2'] as const) {
  t.test(`${provider}: the agents SDK speaks, calls a tool and is interrupted`, async t => {
    const url = `${stage.gateway.baseUrl.replace('https:', 'wss:')}/realtime?model=${provider}`
    const program = startProgram(t, process.execPath, [join(import.meta.dirname, 'programs', 'agents-voice.mjs')], {
      env: { PATH: process.env.PATH, NODE_EXTRA_CA_CERTS: files.certificate, URL: url, API_KEY: key, MODEL: provider, SPEECH: files.speech, STORY: story },
      timeout: 60_000
    })
    t.equal(await program.exit, 0, 'it ends by itself')
    // What the interrupted answer had said by then is a matter of timing, and words before a call are the model's choice.
    const lines = program.output().trim().split('\n').filter(line => !/One moment, let me check\.$|^said (Once upon.*)?$/.test(line))
    t.strictSame(lines.map(line => line.replace(/(?<= incomplete )Once upon a time.*/, 'Once upon a time')), [
      'connecting',
      'connected',
      'tool get_weather sunny in Paris',
      'said The answer is: sunny in Paris',
      'interrupted',
      'said You said: Thank you, that is all.',
      'history message user completed How is the weather in Paris?',
      'history function_call get_weather completed sunny in Paris',
      'history message assistant completed The answer is: sunny in Paris',
      'history message user completed Tell me a story.',
      'history message assistant incomplete Once upon a time',
      'history message user completed Thank you, that is all.',
      'history message assistant completed You said: Thank you, that is all.',
      'disconnected'
    ])
  })
}
