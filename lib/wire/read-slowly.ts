import type { Duplex } from 'node:stream'

// What a peer had sent before it heard that it shall go is read at once.
const atOnce = 64 * 1024

// Milliseconds between two chunks of what is left.
const pause = 100

/**
 * Lets go of what a peer still sends, a chunk at a time. A peer that was told to go is read for its close frame and the end of its socket only,
 * and one that goes on sending must not cost more than one that is served.
 * @returns to be called with each chunk
 */
export function readingSlowly (socket: Duplex): (chunk: Buffer) => void {
  let left = atOnce
  let timer: NodeJS.Timeout | undefined
  socket.once('close', () => clearTimeout(timer))
  return chunk => {
    left -= chunk.length
    if (left > 0 || socket.destroyed) return
    socket.pause()
    clearTimeout(timer)
    timer = setTimeout(() => socket.resume(), pause)
  }
}
