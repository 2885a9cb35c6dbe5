import type { RealtimeEvent } from '../../../types/index.ts'
import { softErrors } from './errors.ts'
import type { SoftError } from './errors.ts'
import { isFields } from './fields.ts'
import type { Fields } from './fields.ts'

// The fields of OpenAI's GA shape (the types of the `openai` package): OpenAI refuses an event for any other in its session or response.

/** The fields of an object, and of the objects in them. `true`: whatever stands there. */
interface Known { readonly [field: string]: Known | true }

const fields = (...names: string[]): Known => Object.fromEntries(names.map(name => [name, true]))

const transcription = fields('model', 'language', 'languages', 'keywords', 'prompt', 'delay')
const listening = fields('type', 'threshold', 'prefix_padding_ms', 'silence_duration_ms', 'eagerness')
const answering = fields('idle_timeout_ms', 'create_response', 'interrupt_response')
const format = fields('type', 'rate')
const input = { format, transcription, noise_reduction: fields('type', 'strength') }

const sessions: Readonly<Record<string, Known>> = {
  realtime: {
    ...fields('type', 'model', 'output_modalities', 'instructions', 'tools', 'tool_choice', 'max_output_tokens', 'tracing', 'truncation', 'prompt', 'include', 'parallel_tool_calls'),
    reasoning: fields('effort'),
    audio: { input: { ...input, turn_detection: { ...listening, ...answering } }, output: { format, voice: true, speed: true } }
  },
  // There are no responses to ask for.
  transcription: { ...fields('type', 'include'), audio: { input: { ...input, turn_detection: listening } } }
}
const response: Known = {
  ...fields('conversation', 'input', 'instructions', 'output_modalities', 'tools', 'tool_choice', 'parallel_tool_calls', 'max_output_tokens', 'metadata', 'prompt'),
  reasoning: fields('effort'),
  audio: { output: { format, voice: true } }
}
const tools: Readonly<Record<string, Known>> = {
  function: fields('type', 'name', 'description', 'parameters'),
  mcp: fields('type', 'server_label', 'server_url', 'connector_id', 'tunnel_id', 'server_description', 'authorization', 'headers', 'allowed_tools', 'allowed_callers', 'require_approval', 'defer_loading')
}
const items: Readonly<Record<string, Known>> = {
  message: fields('id', 'object', 'type', 'status', 'role', 'content', 'phase'),
  function_call: fields('id', 'object', 'type', 'status', 'name', 'call_id', 'arguments'),
  function_call_output: fields('id', 'object', 'type', 'status', 'call_id', 'output'),
  mcp_approval_response: fields('id', 'type', 'approval_request_id', 'approve', 'reason'),
  mcp_approval_request: fields('id', 'type', 'server_label', 'name', 'arguments'),
  mcp_call: fields('id', 'type', 'server_label', 'name', 'arguments', 'approval_request_id', 'error', 'output'),
  mcp_list_tools: fields('id', 'type', 'server_label', 'tools')
}
const parts: Readonly<Record<string, readonly string[]>> = {
  user: ['input_text', 'input_audio', 'input_image'],
  system: ['input_text'],
  assistant: ['output_text', 'output_audio']
}
const voices = ['alloy', 'ash', 'ballad', 'coral', 'echo', 'sage', 'shimmer', 'verse', 'marin', 'cedar']
const mcpServers = ['server_url', 'connector_id', 'tunnel_id']
const mostTokens = 4096

/**
 * The first thing for which OpenAI refuses an event.
 * @param session the type of the session, and its model, which no update changes
 */
export function refusedByOpenAi (event: RealtimeEvent, session: { readonly type: string, readonly model?: string }): SoftError | undefined {
  switch (event.type) {
    case 'session.update': return isFields(event.session) ? ofSession(event.session, session) : undefined
    case 'response.create': return isFields(event.response) ? ofResponse(event.response) : undefined
    case 'conversation.item.create': return isFields(event.item) ? ofItem(event.item, 'item', items) : undefined
    default: return undefined
  }
}

function ofSession (said: Fields, { type, model }: { readonly type: string, readonly model?: string }): SoftError | undefined {
  if (said.type !== type) return undefined
  if (said.model !== undefined && said.model !== model) return softErrors.invalidValue(said.model, 'session.model', [String(model)])
  return unknownIn(said, sessions[type]!, 'session') ?? ofOutput(said, 'session') ?? ofFormat(at(said, 'audio', 'input', 'format'), 'session.audio.input.format')
}

function ofResponse (said: Fields): SoftError | undefined {
  const { input } = said
  const known = { ...items, item_reference: fields('id', 'type') }
  return unknownIn(said, response, 'response') ?? ofOutput(said, 'response') ??
    (Array.isArray(input) ? first(input, (item, i) => isFields(item) ? ofItem(item, `response.input[${i}]`, known) : undefined) : undefined)
}

/** What sessions and responses have in common. */
function ofOutput (said: Fields, part: string): SoftError | undefined {
  const { max_output_tokens: tokens, tools: given } = said
  if (typeof tokens === 'number' && !(tokens >= 1 && tokens <= mostTokens)) return softErrors.invalidValue(tokens, `${part}.max_output_tokens`, ['1', String(mostTokens), 'inf'])
  const output = at(said, 'audio', 'output')
  const { voice, speed, format } = isFields(output) ? output : {}
  if (typeof voice === 'string' && !voices.includes(voice)) return softErrors.invalidValue(voice, `${part}.audio.output.voice`, voices)
  if (typeof speed === 'number' && !(speed >= 0.25 && speed <= 1.5)) return softErrors.invalidValue(speed, `${part}.audio.output.speed`, ['0.25', '1.5'])
  return ofFormat(format, `${part}.audio.output.format`) ??
    (Array.isArray(given) ? first(given, (tool, i) => isFields(tool) ? ofTool(tool, `${part}.tools[${i}]`) : undefined) : undefined)
}

/** PCM has one rate, and telephone formats have none to be said. */
function ofFormat (format: unknown, path: string): SoftError | undefined {
  if (!isFields(format) || format.rate === undefined) return undefined
  if (format.type !== 'audio/pcm') return softErrors.unknownParameter(`${path}.rate`)
  return format.rate === 24_000 ? undefined : softErrors.invalidValue(format.rate, `${path}.rate`, ['24000'])
}

function ofTool (tool: Fields, path: string): SoftError | undefined {
  const known = typeof tool.type === 'string' && Object.hasOwn(tools, tool.type) ? tools[tool.type] : undefined
  if (known === undefined) return softErrors.invalidValue(tool.type, `${path}.type`, Object.keys(tools))
  const servers = mcpServers.filter(name => tool[name] !== undefined && tool[name] !== null)
  if (tool.type === 'mcp' && servers.length !== 1) return softErrors.exclusive(path, mcpServers)
  return unknownIn(tool, known, path)
}

function ofItem (item: Fields, path: string, known: Readonly<Record<string, Known>>): SoftError | undefined {
  const { type, role, content } = item
  if (typeof type !== 'string') return undefined
  if (!Object.hasOwn(known, type)) return softErrors.invalidValue(type, `${path}.type`, Object.keys(known))
  const unknown = unknownIn(item, known[type]!, path)
  if (unknown !== undefined || type !== 'message' || !Array.isArray(content)) return unknown
  const types = typeof role === 'string' && Object.hasOwn(parts, role) ? parts[role]! : undefined
  if (types === undefined) return softErrors.invalidValue(role, `${path}.role`, Object.keys(parts))
  return first(content, (part, i) => isFields(part) && !types.includes(String(part.type)) ? softErrors.invalidValue(part.type, `${path}.content[${i}].type`, types) : undefined)
}

function unknownIn (said: Fields, known: Known, path: string): SoftError | undefined {
  return first(Object.entries(said), ([name, value]) => {
    const inner = Object.hasOwn(known, name) ? known[name] : undefined
    if (inner === undefined) return softErrors.unknownParameter(`${path}.${name}`)
    return inner !== true && isFields(value) ? unknownIn(value, inner, `${path}.${name}`) : undefined
  })
}

function at (value: unknown, ...path: string[]): unknown {
  return path.reduce<unknown>((inner, name) => isFields(inner) ? inner[name] : undefined, value)
}

function first<Value> (values: readonly Value[], find: (value: Value, index: number) => SoftError | undefined): SoftError | undefined {
  for (const [i, value] of values.entries()) {
    const error = find(value, i)
    if (error !== undefined) return error
  }
  return undefined
}
