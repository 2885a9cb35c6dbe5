import type { Field } from './field.ts'

/** Something in a config file that does not work as written. Never an error: the gateway starts without it. */
export interface ConfigWarning {
  /**
   * `not_served`: a field of LiteLLM's that has no effect here; `unknown`: a field that nobody knows (a typing error?);
   * `left_out`: a deployment, fallback or alias that cannot be served, while others can; `changed`: a value that counts differently
   * than it reads; `skipped`: an entry that is none of a realtime gateway's business (quiet: log it at `info`).
   */
  readonly kind: 'not_served' | 'unknown' | 'left_out' | 'changed' | 'skipped'
  /** The file as it was named. */
  readonly file: string
  /** Every line that it is about, from 1. */
  readonly lines: readonly number[]
  /** The field, list indexes left out where it stands on several lines: `model_list[].litellm_params.timeout`. */
  readonly field: string
  /** The whole sentence, file and line included. It never holds a value that could be a secret. */
  readonly message: string
}

/** Collects warnings. The same text about the same field is one warning, on however many lines the field stands. */
export interface Warnings {
  add (kind: ConfigWarning['kind'], field: Field, text: string): void
  all (): ConfigWarning[]
}

interface Entry { readonly kind: ConfigWarning['kind'], readonly file: string, readonly text: string, readonly fields: Field[] }

export function createWarnings (): Warnings {
  const entries = new Map<string, Entry>()
  return {
    add (kind, field, text) {
      const key = JSON.stringify([kind, field.file, general(field.path), text])
      const entry = entries.get(key)
      if (entry === undefined) entries.set(key, { kind, file: field.file, text, fields: [field] })
      else entry.fields.push(field)
    },
    all () {
      return [...entries.values()].map(({ kind, file, text, fields }) => {
        const lines = [...new Set(fields.map(field => field.line))]
        const field = fields.length === 1 ? fields[0]!.path : general(fields[0]!.path)
        return { kind, file, lines, field, message: `${file}:${lines.join(', ')}: ${field} ${text}` }
      })
    }
  }
}

function general (path: string): string {
  return path.replaceAll(/\[\d+\]/g, '[]')
}
