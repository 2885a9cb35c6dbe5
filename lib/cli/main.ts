#!/usr/bin/env node
import closeWithGrace from 'close-with-grace'
import { createRequire } from 'node:module'
import { readArgs, simulated, usage, UsageError } from './args.ts'
import type { Args } from './args.ts'
import { createHost } from './host.ts'
import { readSettings, withStores } from './settings.ts'
import { simulate } from './simulate.ts'
import { openStores } from './stores.ts'
import { traced } from '../loggable.ts'
import { defaults } from '../options/defaults.ts'
import { firstSet } from '../options/environment.ts'

const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']

try {
  await run(readArgs(process.argv.slice(2), process.env))
} catch (error) {
  fail(error)
}

async function run (args: Args): Promise<void> {
  if (args.command === 'help') return console.log(usage)
  if (args.command === 'version') return console.log(createRequire(import.meta.url)('fastify-realtime-gateway/package.json').version)
  if (args.import !== undefined) return await copyKeys(args, args.import)
  await serve(args)
}

async function copyKeys ({ data = './data', synchronous }: Args, { from, ...options }: NonNullable<Args['import']>): Promise<void> {
  const { importLiteLLM } = await import('./import-litellm.ts')
  const stores = await openStores({ data, explicit: true, synchronous, databaseUrl: firstSet(process.env, ['DATABASE_URL']) })
  try {
    await importLiteLLM(from, stores.keyStore, options, line => console.log(line))
  } finally {
    await stores.close()
  }
}

async function serve (args: Args): Promise<void> {
  const logLevel = process.env.LOG_LEVEL || 'info'
  if (!logLevels.includes(logLevel)) throw new UsageError(`LOG_LEVEL must be one of ${logLevels.join(', ')}`)

  const settings = args.simulate ? await simulate() : readSettings(args.config, process.env)
  // A first try of the simulator leaves nothing behind.
  const stores = await openStores({ data: args.simulate ? args.data : args.data ?? './data', explicit: args.data !== undefined, synchronous: args.synchronous, ...settings.stores })
  const { app, listen } = await createHost(args, withStores(settings, stores), logLevel)
  const { drainTimeout, lingerTimeout, closeTimeout } = { ...defaults, ...settings.options }
  closeWithGrace({ delay: drainTimeout + lingerTimeout + closeTimeout + 1_000, logger: app.log }, async ({ signal, err }) => {
    if (err) app.log.error({ err: traced(err) }, 'closing after an error')
    else app.log.info({ signal }, 'closing')
    await app.close()
    await stores.close()
    await settings.close?.()
  })

  const address = await listen()
  if (args.simulate) console.log(`realtime-gateway: a simulator answers; connect to ${address}?model=${simulated.model} with the key ${simulated.key}`)
  if (settings.madeKey !== undefined) console.log(`realtime-gateway: no key is configured; the key for this run is ${settings.madeKey}`)
  console.log(`realtime-gateway: listening on ${address}`)
}

function fail (error: unknown): void {
  const { message, code, stack } = error as NodeJS.ErrnoException
  if (error instanceof UsageError) {
    console.error(`realtime-gateway: ${message}\nSee realtime-gateway --help`)
    process.exit(2)
  }
  // An error that the user can correct is told in one sentence. Any other is a defect, and its stack helps.
  const mendable = code !== undefined && /^(RTG_ERR_|E[A-Z]+$)/.test(code)
  console.error(mendable ? `realtime-gateway: ${message.replace(/^realtime gateway: /, '')}` : stack)
  process.exit(1)
}
