import { closePairs, openPair, type World } from '../session.ts'

/** Opens one session, and tells the milliseconds from TCP connect to first event. */
export async function setUpTime (world: World): Promise<number> {
  const pair = await openPair(world)
  await closePairs(world, [pair])
  return pair.client.setUp
}
