import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml'
import type { Document, Node, Pair, Scalar } from 'yaml'
import { ConfigError } from '../../errors.ts'
import { fault, isList, isMapping } from './field.ts'
import type { Field } from './field.ts'

// A config of this size is a mistake, or aliases that multiply ("billion laughs").
const maxFields = 100_000
const maxDepth = 64

interface Walk {
  readonly file: string
  readonly document: Document
  readonly lines: LineCounter
  readonly onRepeated: (field: Field) => void
  fields: number
}

/**
 * Parses one YAML text into fields with their places. Nothing is executed: tags that ask for more than plain data are an error.
 * YAML 1.1 as PyYAML reads it (`yes` is true, `<<` merges, a repeated key is legal and the last one counts).
 * @param onRepeated hears of each repeated key.
 */
export function parseFields (text: string, file: string, onRepeated: (field: Field) => void = () => {}): Field {
  const lines = new LineCounter()
  const document = parseDocument(text, {
    version: '1.1',
    lineCounter: lines,
    uniqueKeys: false,
    logLevel: 'error',
  })
  // The parser's own sentence stays out: it quotes the source, and the source holds secrets.
  const problem = document.errors[0] ?? document.warnings[0]
  if (problem !== undefined) {
    const at = lines.linePos(problem.pos[0])
    throw new ConfigError(`${file}:${at.line}:${at.col}: not valid YAML (${problem.code.toLowerCase().replaceAll('_', ' ')})`)
  }
  const walk: Walk = { file, document, lines, onRepeated, fields: 0 }
  return read(walk, document.contents, { line: 1, path: '', depth: 0 })
}

interface At { readonly line: number, readonly path: string, readonly depth: number }

function read (walk: Walk, node: unknown, at: At): Field {
  const field = (value: Field['value']): Field => ({ file: walk.file, line: at.line, path: at.path, value })

  if (++walk.fields > maxFields) throw fault(field(null), `is more than ${maxFields} values into the file: aliases that multiply?`)
  if (at.depth > maxDepth) throw fault(field(null), `is nested deeper than ${maxDepth} levels: an alias that holds itself?`)

  if (isAlias(node)) {
    const target = node.resolve(walk.document)
    if (target === undefined) throw fault(field(null), 'is an alias without an anchor')
    return read(walk, target, { ...at, depth: at.depth + 1 })
  }
  if (isSeq(node)) {
    return field(node.items.map((item, index) =>
      read(walk, item, { line: lineOf(walk, item) ?? at.line, path: `${at.path}[${index}]`, depth: at.depth + 1 })))
  }
  if (isMap(node)) return field(readMap(walk, node.items, at))
  if (node === null || node === undefined) return field(null)
  const value = isScalar(node) ? plainValue(node) : undefined
  if (value === null || typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number') return field(value)
  throw fault(field(null), 'is neither a text, a number, a boolean, a list nor a mapping')
}

// YAML 1.1 knows y and n as booleans, PyYAML does not; a date is read best as it was written.
function plainValue (node: Scalar): unknown {
  const asWritten = node.value instanceof Date || (node.type === 'PLAIN' && /^[yn]$/i.test(node.source ?? ''))
  return asWritten ? node.source : node.value
}

function readMap (walk: Walk, pairs: readonly Pair[], at: At): Map<string, Field> {
  const own = new Map<string, Field>()
  const merged = new Map<string, Field>()
  for (const pair of pairs) {
    const line = lineOf(walk, pair.key) ?? at.line
    if (isScalar(pair.key) && pair.key.source === '<<' && pair.key.type === 'PLAIN') {
      merge(read(walk, pair.value, { ...at, line, depth: at.depth + 1 }), merged)
      continue
    }
    const key = isScalar(pair.key) ? String(pair.key.source ?? pair.key.value) : undefined
    if (key === undefined) throw fault({ file: walk.file, line, path: at.path, value: null }, 'has a key that is not a plain text')
    const field = read(walk, pair.value, { line, path: at.path === '' ? key : `${at.path}.${key}`, depth: at.depth + 1 })
    if (own.has(key)) walk.onRepeated(field)
    own.set(key, field)
  }
  return new Map([...merged, ...own])
}

// `<<`: a mapping or a list of mappings whose keys count where the mapping has none of its own; earlier ones win.
function merge (source: Field, into: Map<string, Field>): void {
  for (const { value } of isList(source.value) ? source.value : [source]) {
    if (!isMapping(value)) throw fault(source, 'has a "<<" that names no mapping')
    for (const [key, field] of value) if (!into.has(key)) into.set(key, field)
  }
}

function lineOf (walk: Walk, node: unknown): number | undefined {
  const range = (node as Node | null)?.range
  return range ? walk.lines.linePos(range[0]).line : undefined
}
