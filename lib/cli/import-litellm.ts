import { ConfigError } from '../errors.ts'
import { keyOfLiteLLM, teamOfLiteLLM } from '../config/litellm/keys.ts'
import type { Converted, LiteLLMRow } from '../config/litellm/keys.ts'
import { KeyAdminError } from '../index.ts'
import type { KeyAdmin } from '../index.ts'
import { poolOf } from '../store/postgres.ts'

export interface ImportOptions {
  /** `false`: says what would happen, and changes nothing. */
  readonly apply: boolean
  /** Takes keys whose limits would be lost nevertheless. */
  readonly dropUnsupported: boolean
}

interface Counts {
  made: number
  there: number
  left: number
}

/**
 * Copies the keys and teams of LiteLLM's own database. It is read, and nothing else. Again: what is there already stays as it is.
 * @param say prints a line
 */
export async function importLiteLLM (from: string, keys: KeyAdmin, options: ImportOptions, say: (line: string) => void): Promise<void> {
  const { pool, end } = await poolOf(from)
  try {
    const read = async (table: string): Promise<LiteLLMRow[]> => (await pool.query(`SELECT * FROM "${table}"`).catch(missing(table))).rows as LiteLLMRow[]
    const teams = (await read('LiteLLM_TeamTable')).map(teamOfLiteLLM).filter(each => each !== undefined)
    const tokens = (await read('LiteLLM_VerificationToken')).map(keyOfLiteLLM).filter(each => each !== undefined)

    const report = { teams: newCounts(), keys: newCounts() }
    for (const team of teams) {
      await take(team, `team ${team.value.id}`, report.teams, async () => await keys.findTeam(team.value.id) !== undefined, () => keys.createTeam(team.value, 'import-litellm'))
    }
    for (const key of tokens) {
      await take(key, `key ${key.value.name ?? key.value.keyName}`, report.keys, async () => await keys.findKey({ hash: key.value.hash }) !== undefined, () => keys.createKey(key.value, 'import-litellm'))
    }
    for (const [what, { made, there, left }] of Object.entries(report)) say(`${what}: ${made} ${options.apply ? 'copied' : 'to be copied'}, ${there} there already, ${left} left out`)
    if (!options.apply) say('Nothing was changed. With --apply it is.')
  } finally {
    await end()
  }

  async function take<T> ({ lost }: Converted<T>, name: string, counts: Counts, isThere: () => Promise<boolean>, make: () => Promise<unknown>): Promise<void> {
    if (await isThere()) {
      counts.there++
      return
    }
    if (lost.length > 0 && !options.dropUnsupported) {
      counts.left++
      say(`${name} is left out: ${lost.join(', ')} would have no effect here, and it could do more than before; --drop-unsupported copies it without`)
      return
    }
    if (lost.length > 0) say(`${name} is copied without ${lost.join(', ')}`)
    try {
      if (options.apply) await make()
      counts.made++
    } catch (cause) {
      if (!(cause instanceof KeyAdminError)) throw cause
      counts.left++
      say(`${name} is left out: ${cause.message}`)
    }
  }
}

function newCounts (): Counts {
  return { made: 0, there: 0, left: 0 }
}

/** 42P01: there is no such table. */
function missing (table: string): (cause: NodeJS.ErrnoException) => never {
  return cause => {
    throw cause.code === '42P01' ? new ConfigError(`the database of --from has no table "${table}": it is none of LiteLLM's`) : cause
  }
}
