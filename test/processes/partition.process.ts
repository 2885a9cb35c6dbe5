import { execFileSync } from 'node:child_process'
import { performance } from 'node:perf_hooks'
import t from 'tap'
import type { Test } from 'tap'
import { startProgram } from '../fixtures/program.ts'
import { connect } from '../fixtures/client.ts'
import { deploymentOf, hostArgs, key, lacking, programAt, runs, skipNote, start, untilState } from './fixtures.ts'

const title = 'packets that are dropped'
const name = `rtg-${process.pid}`
// Interface names have 15 characters at most.
const [outside, inside] = [`rtgo${process.pid}`, `rtgi${process.pid}`]
const net = `10.213.${process.pid % 250}`
const within = (...args: string[]): string[] => ['netns', 'exec', name, ...args]

function reasonToSkip (): string | false {
  const lacks = lacking(title, ['ip', 'iptables'], { root: true })
  if (lacks !== false) return lacks
  if (!runs('ip', ['netns', 'add', name])) {
    console.error(skipNote(title, 'no network namespace can be made here'))
    return 'no network namespace can be made here'
  }
  execFileSync('ip', ['netns', 'delete', name])
  return false
}
const skip = reasonToSkip()
t.setTimeout(110_000)

/** A network of two hosts: this machine, and a namespace that can be cut off. */
function network (t: Test): { cut: () => void } {
  const ip = (...args: string[]): void => { execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'inherit'] }) }
  ip('netns', 'add', name)
  t.teardown(() => { ip('netns', 'delete', name) })
  ip('link', 'add', outside, 'type', 'veth', 'peer', 'name', inside, 'netns', name)
  ip('address', 'add', `${net}.1/24`, 'dev', outside)
  ip('link', 'set', outside, 'up')
  ip(...within('ip', 'address', 'add', `${net}.2/24`, 'dev', inside))
  ip(...within('ip', 'link', 'set', inside, 'up'))
  ip(...within('ip', 'link', 'set', 'lo', 'up'))
  return { cut () { for (const chain of ['INPUT', 'OUTPUT']) ip(...within('iptables', '-A', chain, chain === 'INPUT' ? '-i' : '-o', inside, '-j', 'DROP')) } }
}

// pingInterval and pongTimeout of the defaults are 15 s each: 35 s for the two and what lies between their looks, and 3 s for a busy machine.
const bar = 38_000

t.test('peers in the middle of a response whose network is gone are found within 35 s by default', { skip, timeout: 100_000 }, async t => {
  const { cut } = network(t)
  const far = await start(t, 'provider', [], { through: ['ip', ...within()] })
  const near = await start(t, 'provider')
  const gateway = await start(t, 'host', await hostArgs({
    // A session whose client is gone waits for the end of its response, which says what is billed: that is no part of finding the client.
    lingerTimeout: 100,
    deployments: [deploymentOf(far, `${net}.2`), { ...deploymentOf(near), model: 'near' }].map(deployment => ({ ...deployment, insecure: true }))
  }))

  const farClient = startProgram(t, 'ip', within(process.execPath, programAt('client'), `ws://${net}.1:${gateway.port}/v1/realtime?model=near`, key))
  await farClient.printed(/^hears$/m)
  const nearClient = await connect(gateway.port, { key })
  nearClient.send({ type: 'response.create' })
  await nearClient.message(10)
  const healthy = await connect(gateway.port, { key, model: 'near' })

  cut()
  const since = performance.now()
  const took = (): number => performance.now() - since
  const provider = nearClient.closed.then(({ code }) => ({ code, ms: took() }))
  // Nothing is left to ask the far client: the gateway's log tells.
  const client = gateway.printed(/"model":"near".*"msg":"realtime session closed"/).then(took)
  const { code, ms } = await provider
  const clientMs = await client
  console.error(`note: without a network, a provider was found after ${(ms / 1000).toFixed(1)} s and a client after ${(clientMs / 1000).toFixed(1)} s, both in mid-response and with the clocks of the defaults`)
  t.equal(code, 1011)
  t.match(JSON.parse(nearClient.messages.at(-1)!.payload.toString()), { type: 'error', error: { code: 'peer_timeout' } })
  t.ok(ms <= bar, `the provider after ${Math.round(ms)} ms`)
  t.ok(clientMs <= bar, `the client after ${Math.round(clientMs)} ms`)
  await untilState(gateway, ({ sessions }) => sessions === 1)
  healthy.send({ type: 'still.there' })
  await healthy.until(() => healthy.messages.some(({ payload }) => payload.includes('still.there')), 'the echo')
})
