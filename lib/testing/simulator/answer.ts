import { isFields } from './fields.ts'

/** A function that a session declared. */
export interface SimulatedTool {
  readonly name: string
  /** JSON schema of the arguments. */
  readonly parameters?: unknown
}

/** What the simulated model is asked to answer. */
export interface SimulatedTurn {
  /** Counts the responses of the connection, from 0. */
  readonly index: number
  /** What the user said last: the text, or what was heard in the audio. */
  readonly text: string
  /** Output of the function call that was answered last, when that is what the model continues from. */
  readonly toolOutput?: string | undefined
  readonly tools: readonly SimulatedTool[]
}

/** A function call of the simulated model. */
export interface SimulatedCall {
  readonly name: string
  /** An object, or the very JSON text to stream. Default `{}`. */
  readonly arguments?: string | Readonly<Record<string, unknown>> | undefined
}

/** What the simulated model answers: a text (spoken or written, as the session asks), calls, or both in this order. */
export interface SimulatedAnswer {
  readonly say?: string | undefined
  readonly calls?: readonly SimulatedCall[] | undefined
  /** Once all is said, the response stays open until it is cancelled, so that nobody has to be quick to interrupt it. Default `false`. */
  readonly endless?: boolean | undefined
}

/** Decides an answer; `undefined` leaves it to the built-in one. */
export type SimulatedScenario = (turn: SimulatedTurn) => SimulatedAnswer | undefined

/** How the session lets the model use its tools. */
type ToolChoice = 'auto' | 'none' | 'required' | { readonly name: string }

/**
 * The built-in answer: a call when a tool fits what was said, else a short sentence that says it back.
 * @param speaksFirst whether a call is announced by a spoken sentence, as xAI's models do.
 */
export function builtInAnswer (turn: SimulatedTurn, choice: ToolChoice, speaksFirst: boolean): SimulatedAnswer {
  if (turn.toolOutput !== undefined) return { say: `The answer is: ${turn.toolOutput}` }
  const tool = chooseTool(turn, choice)
  if (tool) {
    const calls = [{ name: tool.name, arguments: argumentsFor(tool, turn.text) }]
    return speaksFirst ? { say: 'One moment, let me check.', calls } : { calls }
  }
  if (turn.text === '') return { say: 'Hello! How can I help you?' }
  return { say: `You said: ${turn.text}` }
}

// Words of a tool's name that say nothing about its topic.
const GENERIC = new Set(['get', 'set', 'fetch', 'find', 'look', 'up', 'lookup', 'list', 'create', 'make', 'do', 'the', 'my', 'current', 'tool', 'function'])

function chooseTool (turn: SimulatedTurn, choice: ToolChoice): SimulatedTool | undefined {
  if (choice === 'none') return undefined
  if (typeof choice === 'object') return turn.tools.find(tool => tool.name === choice.name)
  const said = turn.text.toLowerCase()
  const fitting = turn.tools.find(({ name }) => said.includes(name.toLowerCase()) ||
    name.toLowerCase().split(/[^a-z0-9]+/).some(word => word.length > 2 && !GENERIC.has(word) && said.includes(word)))
  return fitting ?? (choice === 'required' ? turn.tools[0] : undefined)
}

interface Schema {
  readonly type?: unknown
  readonly enum?: readonly unknown[] | undefined
  readonly properties?: Readonly<Record<string, Schema>> | undefined
}

function argumentsFor (tool: SimulatedTool, text: string): Record<string, unknown> {
  const { properties = {} } = (tool.parameters ?? {}) as Schema
  return Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, valueFor(schema, text)]))
}

function valueFor (schema: Schema, text: string): unknown {
  if (schema.enum?.length) return schema.enum.find(value => text.includes(String(value))) ?? schema.enum[0]
  switch (schema.type) {
    case 'number':
    case 'integer': return Number(/\d+/.exec(text)?.[0] ?? 1)
    case 'boolean': return true
    case 'array': return []
    case 'object': return {}
    // A capital inside a sentence is most often the name that is asked about: "the weather in London".
    default: return /(?<=\S\s)\p{Lu}[\p{L}\p{N}]+/u.exec(text)?.[0] ?? text
  }
}

/** Reads a `tool_choice`: a mode, or one function by name (flat or nested). */
export function toolChoice (value: unknown): ToolChoice {
  if (value === 'none' || value === 'required') return value
  if (!isFields(value)) return 'auto'
  const { name } = isFields(value.function) ? value.function : value
  return typeof name === 'string' ? { name } : 'auto'
}
