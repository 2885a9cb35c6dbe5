import { readFileSync } from 'node:fs'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import { ConfigError } from '../../errors.ts'
import { parseFields } from './document.ts'
import { fault, isList, isMapping } from './field.ts'
import type { Field } from './field.ts'
import type { Warnings } from './warnings.ts'

interface Pending {
  readonly file: string
  /** Absolute paths of the files that led here, this one included. */
  readonly chain: readonly string[]
  readonly from?: Field
}

/**
 * Reads a file and everything that its `include` names, merged as LiteLLM does: lists are appended, every other top-level
 * value is replaced by the included one. Paths are relative to the including file, a file counts once, a cycle is an error.
 */
export function readWithIncludes (file: string, warnings: Warnings): ReadonlyMap<string, Field> {
  const merged = new Map<string, Field>()
  const loaded = new Set<string>()
  // Breadth first, as LiteLLM reads them: the includes of an included file come after all includes of the first file.
  const queue: Pending[] = [{ file, chain: [resolve(file)] }]
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const path = next.chain.at(-1)!
    if (loaded.has(path)) continue
    loaded.add(path)
    const root = parseFields(readText(next), next.file, field => {
      warnings.add('changed', field, 'stands there more than once; the last one counts')
    })
    for (const [key, field] of sections(root)) {
      if (key === 'include') queue.push(...includes(field, next))
      else merged.set(key, mergeSection(merged.get(key), field, warnings))
    }
  }
  return merged
}

function mergeSection (before: Field | undefined, field: Field, warnings: Warnings): Field {
  if (before === undefined) return field
  if (isList(before.value) && isList(field.value)) return { ...before, value: [...before.value, ...field.value] }
  warnings.add('changed', before, `is replaced as a whole by ${field.file}:${field.line}, as LiteLLM does with includes`)
  return field
}

function includes (field: Field, { file, chain }: Pending): Pending[] {
  const items = isList(field.value) ? field.value : undefined
  if (items === undefined || items.some(item => typeof item.value !== 'string')) throw fault(field, 'must be a list of file paths')
  return items.map(item => {
    const name = item.value as string
    const path = resolve(dirname(chain.at(-1)!), name)
    if (chain.includes(path)) throw fault(item, `includes ${name} again, which leads here: a cycle`)
    return { file: isAbsolute(name) ? name : join(dirname(file), name), chain: [...chain, path], from: item }
  })
}

function readText ({ file, chain, from }: Pending): string {
  try {
    return readFileSync(chain.at(-1)!, 'utf8')
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error'
    if (from !== undefined) throw fault(from, `names a file that cannot be read: ${file} (${code})`)
    throw new ConfigError(`${file}: cannot be read (${code})`)
  }
}

function sections (root: Field): ReadonlyMap<string, Field> {
  if (root.value === null) return new Map()
  if (isMapping(root.value)) return root.value
  throw new ConfigError(`${root.file}:${root.line}: the file must be a mapping with sections such as model_list`)
}
