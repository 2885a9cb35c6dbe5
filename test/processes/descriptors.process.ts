import t from 'tap'
import { connect, request } from '../fixtures/client.ts'
import type { ClientAnswer } from '../fixtures/client.ts'
import { deploymentOf, hostArgs, key, lacking, start, stateOf, untilState } from './fixtures.ts'

const title = 'descriptors'
const skip = lacking(title, ['bash'])
const asked = 300

t.test('a gateway at the limit of its descriptors refuses in order, keeps its sessions, and recovers', { skip }, async t => {
  const provider = await start(t, 'provider')
  // Two descriptors a session: about a hundred sessions.
  const gateway = await start(t, 'host', await hostArgs({ deployments: [deploymentOf(provider)], maxUpgrades: 1_000 }), { through: ['bash', '-c', 'ulimit -n 256; exec "$@"', '--'] })
  const residents = await Promise.all(Array.from({ length: 10 }, () => connect(gateway.port, { key })))

  const answers = await Promise.all(Array.from({ length: asked }, () => request(gateway.port, { key }).catch(() => 'closed' as const)))
  const count = (test: (answer: ClientAnswer) => boolean): number => answers.filter(answer => answer !== 'closed' && test(answer)).length
  const opened = count(({ status }) => status === 101)
  const refused = count(({ status, error }) => status === 503 && error?.code === 'at_capacity')
  const closed = answers.filter(answer => answer === 'closed').length
  console.error(`note: of ${asked} clients of a gateway with 256 descriptors ${opened} got in, ${refused} heard 503, ${closed} were closed`)
  t.equal(opened + refused + closed, asked, 'no other answer')
  t.ok(refused + closed > 0, 'the limit was reached')
  t.ok(answers.every(answer => answer === 'closed' || answer.status !== 503 || answer.headers.has('retry-after')))

  for (const [i, client] of residents.entries()) {
    client.send({ type: `still.there.${i}` })
    await client.until(() => client.messages.some(({ payload }) => payload.includes(`still.there.${i}`)), 'the echo')
  }
  for (const answer of answers) if (answer !== 'closed') answer.peer?.close(1000)
  const state = await untilState(gateway, ({ sessions }) => sessions === residents.length)
  t.match(state.deployments, [{ state: 'ready' }], 'what the gateway lacks is not the fault of the deployment')
  const late = await connect(gateway.port, { key })
  t.equal((await late.json(0)).type, 'session.created')
  t.equal(gateway.child.exitCode, null)
  t.ok((await stateOf(gateway)).sessions > residents.length)
})
