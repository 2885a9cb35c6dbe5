import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, visit } from 'yaml'
import type { Node, Pair, ScalarTag, Tags } from 'yaml'
import { ConfigError } from '../../errors.ts'
import { fault, isPlain } from './field.ts'
import type { Field } from './field.ts'

// Bounds on aliases that multiply ("billion laughs") and on one that holds itself. A long list of models may use an anchor in each.
const maxAliasCount = 10_000
const maxDepth = 64

/**
 * Parses one YAML text into fields that know their lines. Nothing is executed: tags that ask for more than plain data are an error.
 * YAML 1.1 as PyYAML reads it (`yes` is true, `<<` merges, a repeated key is legal and the last one counts).
 * @param onRepeated hears of each repeated key.
 */
export function parseFields (text: string, file: string, onRepeated: (field: Field) => void = () => {}): Field {
  const lines = new LineCounter()
  const document = parseDocument(text, { version: '1.1', customTags: plainTags, lineCounter: lines, uniqueKeys: false, logLevel: 'error' })
  // The parser's own sentence stays out: it quotes the source, and the source holds secrets.
  const invalid = (at: number, reason: string): Error => {
    const { line, col } = lines.linePos(at)
    return new ConfigError(`${file}:${line}:${col}: not valid YAML (${reason})`)
  }
  const problem = document.errors[0] ?? document.warnings[0]
  if (problem !== undefined) throw invalid(problem.pos[0], problem.code.toLowerCase().replaceAll('_', ' '))
  visit(document, {
    Alias (_key, alias) {
      if (target(alias) === undefined) throw invalid(alias.range![0], 'alias without an anchor')
    },
    Pair (_key, { key, value }) {
      const sources = isSeq(value) ? value.items : [value]
      if (isMerge(key) && !sources.every(source => isMap(target(source)))) throw invalid(key.range![0], '"<<" that names no mapping')
    }
  })
  let plain: unknown
  try {
    plain = document.toJS({ maxAliasCount })
  } catch (error) {
    throw error instanceof ReferenceError ? new ConfigError(`${file}: has aliases that multiply`) : error
  }
  return read(plain, document.contents, { line: 1, path: '', depth: 0 })

  function target (node: unknown): unknown {
    return isAlias(node) ? node.resolve(document) : node
  }

  function read (value: unknown, node: unknown, { line, path, depth }: At): Field {
    const field = (value: Field['value']): Field => ({ file, line, path, value })
    if (depth > maxDepth) throw fault(field(null), `is nested deeper than ${maxDepth} levels: an alias that holds itself?`)
    const source = target(node)
    const at = (name: string | number, node: unknown): At => ({
      line: lineOf(node) ?? line,
      path: typeof name === 'number' ? `${path}[${name}]` : path === '' ? name : `${path}.${name}`,
      depth: depth + 1
    })
    if (Array.isArray(value)) {
      const items = isSeq(source) ? source.items : []
      return field(value.map((item, index) => read(item, items[index], at(index, items[index]))))
    }
    if (typeof value === 'object' && value !== null) {
      const pairs = pairsOf(source, field(null))
      for (const [name, all] of pairs) for (const { key } of all.slice(1)) onRepeated({ ...field(null), ...at(name, key) })
      return field(new Map(Object.entries(value).map(([name, item]) => {
        const pair = pairs.get(name)?.at(-1)
        return [name, read(item, pair?.value, at(name, pair?.key))]
      })))
    }
    if (isPlain(value)) return field(value)
    throw fault(field(null), 'is neither a text, a number, a boolean, a list nor a mapping')
  }

  function lineOf (node: unknown): number | undefined {
    const range = (node as Node | null | undefined)?.range
    return range ? lines.linePos(range[0]).line : undefined
  }
}

interface At { readonly line: number, readonly path: string, readonly depth: number }

// Leaves tags out. `y` and `n` are booleans in YAML 1.1 but not for PyYAML; a date stays as it is written; the others are not plain data.
function plainTags (tags: Tags): Tags {
  return tags.flatMap((tag): Tags => {
    const [, name] = typeof tag === 'string' ? [] : /:(bool|timestamp|binary|omap|pairs|set)$/.exec(tag.tag) ?? []
    if (name === undefined) return [tag]
    const { test, ...bool } = tag as ScalarTag
    return name === 'bool' ? [{ ...bool, test: new RegExp(`(?!^.$)${test!.source}`) }] : []
  })
}

function isMerge (key: unknown): key is Node {
  return isScalar(key) && key.source === '<<' && key.type === 'PLAIN'
}

/** The pairs that are written in a mapping itself, by name. Those that `<<` brings stand elsewhere. */
function pairsOf (node: unknown, at: Field): Map<string, Pair[]> {
  const pairs = new Map<string, Pair[]>()
  for (const pair of isMap(node) ? node.items : []) {
    if (isMerge(pair.key)) continue
    if (!isScalar(pair.key)) throw fault(at, 'has a key that is not a plain text')
    const name = String(pair.key.value)
    pairs.set(name, [...pairs.get(name) ?? [], pair])
  }
  return pairs
}
