import { parseArgs } from 'node:util'
import { firstSet } from '../options/environment.ts'
import type { Environment } from '../options/environment.ts'

/** The command line, or what it asks for, is not right; exit code 2. */
export class UsageError extends Error {}

export interface Args {
  readonly command: 'serve' | 'help' | 'version' | 'import-litellm'
  /** LiteLLM's database, and what to do with it. */
  readonly import?: { readonly from: string, readonly apply: boolean, readonly dropUnsupported: boolean }
  readonly config?: string
  /** A simulated provider behind the gateway, for a first try without a key. */
  readonly simulate: boolean
  readonly host: string
  readonly port: number
  /** Where keys are kept, if somebody said so. */
  readonly data?: string
  readonly synchronous?: 'normal' | 'full'
  readonly tls?: { readonly cert: string, readonly key: string }
}

/** What the simulated gateway serves, and to whom: as the clients of the README ask for it. */
export const simulated = { port: 3000, model: 'voice', key: 'sk-my-app-0123456789' } as const

export const usage = `Usage: realtime-gateway [--config FILE | --simulate] [--host 127.0.0.1] [--port 4000] [--data DIR] [--tls-cert FILE --tls-key FILE]
       realtime-gateway import-litellm --from DATABASE_URL [--apply] [--drop-unsupported] [--data DIR]

Serves the OpenAI Realtime protocol at /v1/realtime (also /realtime and /openai/v1/realtime), /health, and with
the master key the management of virtual keys (/key/generate and so on, as LiteLLM has it).

  -c, --config FILE    LiteLLM's config file, as it is; the section realtime_settings holds the gateway's own options
      --simulate       no provider at all: a simulator answers, on port ${simulated.port}, as model ${simulated.model}, for the key ${simulated.key}
      --host HOST      address to listen on (default HOST, else 127.0.0.1; 0.0.0.0 for every interface)
      --port PORT      port to listen on (default PORT, else 4000; 0 for any free one)
      --data DIR       folder of the SQLite file that keeps virtual keys (default ./data; made if need be)
      --synchronous full
                       each change waits for the disk, so that it survives a power cut (default normal: the death of the process)
      --tls-cert FILE  certificate chain, PEM
      --tls-key FILE   its private key, PEM
  -h, --help           this text
  -v, --version        the version

import-litellm copies keys and teams of LiteLLM's database into --data, or into DATABASE_URL; without --apply it says what it would do:
      --from URL       LiteLLM's PostgreSQL, which is only read
      --apply          does it
      --drop-unsupported
                       copies keys with budgets and other limits that have no effect here too, without those

Without --config the environment decides:
  XAI_API_KEY          serves grok-voice-* and xai/* from xAI
  OPENAI_API_KEY       serves gpt-realtime* and openai/* from OpenAI
  REALTIME_GATEWAY_…   any option of the plugin: REALTIME_GATEWAY_CONNECT_TIMEOUT=5000

With or without a file:
  DATABASE_URL         PostgreSQL, in the place of --data: several gateways share their keys (needs the package pg)
  REDIS_URL            Redis or Valkey: several gateways count limits together (needs the package ioredis)
  REALTIME_GATEWAY_MASTER_KEY or LITELLM_MASTER_KEY
                       the key for clients where none is configured; with none at all one is made for this run and printed
  LOG_LEVEL            trace, debug, info (default), warn, error, fatal or silent

SIGTERM and SIGINT let running turns end and then close every session.
`

/** Reads the command line; `PORT` and `HOST` count where it says nothing. @throws {UsageError} naming the flag and its rule */
export function readArgs (argv: readonly string[], env: Environment = {}): Args {
  const { values, positionals: [command, ...more] } = parse(argv)
  const { simulate = false, host = firstSet(env, ['HOST']) ?? '127.0.0.1', 'tls-cert': cert, 'tls-key': key, data, synchronous, from } = values
  const written = values.port ?? firstSet(env, ['PORT'])
  const port = Number(written ?? (simulate ? simulated.port : 4000))
  if (written?.trim() === '' || !Number.isInteger(port) || port < 0 || port > 65_535) throw new UsageError(`${values.port === undefined ? 'PORT' : '--port'} must be a whole number from 0 to 65535`)
  if (simulate && values.config !== undefined) throw new UsageError('--simulate and --config exclude each other')
  const importing = command === 'import-litellm'
  const strange = importing ? more[0] : command
  if (strange !== undefined) throw new UsageError(`Unexpected argument '${strange}'`)
  if (importing && (from ?? '') === '') throw new UsageError('import-litellm needs --from, the address of LiteLLM\'s database')
  if (!importing && (from ?? values.apply ?? values['drop-unsupported']) !== undefined) throw new UsageError('--from, --apply and --drop-unsupported belong to import-litellm')
  if (host === '') throw new UsageError('--host must not be empty')
  if (values.config === '') throw new UsageError('--config must name a file')
  if (data === '') throw new UsageError('--data must name a folder')
  if (synchronous !== undefined && synchronous !== 'normal' && synchronous !== 'full') throw new UsageError('--synchronous must be normal or full')
  if ((cert === undefined) !== (key === undefined)) throw new UsageError('--tls-cert and --tls-key go together')
  return {
    command: values.help ? 'help' : values.version ? 'version' : importing ? 'import-litellm' : 'serve',
    ...(importing && { import: { from: from!, apply: values.apply ?? false, dropUnsupported: values['drop-unsupported'] ?? false } }),
    simulate,
    host,
    port,
    ...(values.config !== undefined && { config: values.config }),
    ...(data !== undefined && { data }),
    ...(synchronous !== undefined && { synchronous }),
    ...(cert !== undefined && key !== undefined && { tls: { cert, key } })
  }
}

function parse (argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        config: { type: 'string', short: 'c' },
        simulate: { type: 'boolean' },
        host: { type: 'string' },
        port: { type: 'string' },
        data: { type: 'string' },
        from: { type: 'string' },
        apply: { type: 'boolean' },
        'drop-unsupported': { type: 'boolean' },
        synchronous: { type: 'string' },
        'tls-cert': { type: 'string' },
        'tls-key': { type: 'string' },
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean', short: 'v' }
      },
      allowPositionals: true
    })
  } catch (error) {
    // Node's first sentence names the flag; the rest is advice about positional arguments, of which there are none.
    throw new UsageError((error as Error).message.split(/\.\s|\n/)[0]!.replace(/\.$/, ''))
  }
}
