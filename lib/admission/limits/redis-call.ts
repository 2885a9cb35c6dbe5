import { createHash } from 'node:crypto'

/** What is called of a client: ioredis and iovalkey, alone or as a cluster, have it as it is. */
export interface RedisScripting {
  /** EVALSHA. Rejects with an error whose message begins with `NOSCRIPT` where Redis does not know the script. */
  evalsha (sha1: string, numberOfKeys: number, ...keysAndArguments: string[]): Promise<unknown>
  /** EVAL */
  eval (script: string, numberOfKeys: number, ...keysAndArguments: string[]): Promise<unknown>
}

/** One round trip, or two where Redis does not know the script yet. */
export type ScriptCall = (keys: readonly string[], args: readonly string[]) => Promise<unknown>

/**
 * A call rejects after `timeoutMs`, whatever the client does: one that has lost its connection may queue commands for as long as it takes to connect again. What
 * is late may still be run.
 */
export function scriptCall (client: RedisScripting, script: string, timeoutMs: number): ScriptCall {
  const sha1 = createHash('sha1').update(script).digest('hex')

  async function run (keys: readonly string[], args: readonly string[]): Promise<unknown> {
    try {
      return await client.evalsha(sha1, keys.length, ...keys, ...args)
    } catch (cause) {
      if (!(cause instanceof Error && cause.message.startsWith('NOSCRIPT'))) throw cause
      return await client.eval(script, keys.length, ...keys, ...args)
    }
  }

  return async (keys, args) => {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`Redis has not answered for ${timeoutMs} ms`)), timeoutMs)
    })
    try {
      return await Promise.race([run(keys, args), late])
    } finally {
      clearTimeout(timer)
    }
  }
}
