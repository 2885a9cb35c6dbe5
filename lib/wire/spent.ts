import { MessageChannel } from 'node:worker_threads'

// What is transferred to a closed port is taken from its owner and dropped with the message (HTML, section 9.4.4, "postMessage").
const { port1: nowhere } = new MessageChannel()
nowhere.close()

// Below it, giving back costs more than it spares the garbage collector.
const leastBytes = 512

/**
 * Gives the memory of a chunk back at once. Every read of a socket has memory of its own, outside of V8's heap; left to the garbage
 * collector, some 30 MB of it pile up, and are then freed in one long pause.
 * @param chunk as a socket gave it, and read by nobody any more: it is empty afterwards
 */
export function discard (chunk: Buffer): void {
  // Little is no burden, and a view shares its memory with others.
  if (chunk.length < leastBytes || chunk.length !== chunk.buffer.byteLength) return
  nowhere.postMessage(null, [chunk.buffer as ArrayBuffer])
}
