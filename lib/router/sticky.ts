import type { DeploymentState } from './state.ts'

/**
 * Ranks deployments by rendezvous hashing: a name always ranks the same deployment first. When one joins or leaves, only the names that it gets
 * or had move. Shares follow `weight`.
 */
export function stickyRank (name: string): (state: DeploymentState) => number {
  const seed = hash(name, 0)
  return ({ deployment }) => {
    const weight = deployment.weight ?? 1
    // In (0, 1]: the logarithm of 0 is infinite, and deployments would tie.
    const uniform = (hash(deployment.id, seed) + 1) / 4294967296
    return weight > 0 ? -Math.log(uniform) / weight : Infinity
  }
}

/** FNV-1a with the finalizer of MurmurHash3, so that similar names get hashes far apart. 32 bits. */
function hash (text: string, seed: number): number {
  let h = (2166136261 ^ seed) >>> 0
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 16777619)
  h ^= h >>> 16
  h = Math.imul(h, 0x85ebca6b)
  h ^= h >>> 13
  h = Math.imul(h, 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}
