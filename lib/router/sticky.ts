import type { DeploymentState } from './state.ts'

/**
 * Ranks deployments by rendezvous hashing: one name always finds the same first, and when a deployment joins or leaves, only the names
 * that fall to it or fell to it move. Shares follow `weight`.
 */
export function stickyRank (name: string): (state: DeploymentState) => number {
  const seed = hash(name, 0)
  return ({ deployment }) => {
    const weight = deployment.weight ?? 1
    // In (0, 1]: the logarithm of 0 would tie.
    const uniform = (hash(deployment.id, seed) + 1) / 4294967296
    return weight > 0 ? -Math.log(uniform) / weight : Infinity
  }
}

/** FNV-1a, and the finalizer of MurmurHash3 so that names alike do not end up near each other. 32 bits. */
function hash (text: string, seed: number): number {
  let h = (2166136261 ^ seed) >>> 0
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 16777619)
  h ^= h >>> 16
  h = Math.imul(h, 0x85ebca6b)
  h ^= h >>> 13
  h = Math.imul(h, 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}
