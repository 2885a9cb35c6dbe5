import { isFields } from '../../fields.ts'
import { refuse } from '../../lacking.ts'

/** Tools that xAI runs itself. OpenAI's Realtime has none of them. */
const foreign: ReadonlySet<unknown> = new Set(['web_search', 'x_search', 'file_search'])

/**
 * Tools in GA's shape.
 * @param path of the list in the client's event
 * @throws GatewayError for a tool that OpenAI does not have
 */
export function openaiTools (tools: unknown, path: string): unknown {
  if (!Array.isArray(tools)) return tools
  return tools.map((tool: unknown, i) => {
    if (!isFields(tool)) return tool
    if (foreign.has(tool.type)) refuse(`${path}[${i}].type`, `OpenAI's Realtime has no tool ${String(tool.type)}.`)
    // xAI calls such a tool without approval. OpenAI asks for approval by default, and an xAI client would not answer.
    if (tool.type === 'mcp') return { require_approval: 'never', ...tool }
    const { function: nested, ...rest } = tool
    return tool.type === 'function' && isFields(nested) ? { ...rest, ...nested, type: 'function' } : tool
  })
}

/** Tools as xAI shows them: a function is nested (`{ type, function }`). */
export function xaiTools (tools: unknown): unknown {
  if (!Array.isArray(tools)) return tools
  return tools.map((tool: unknown) => {
    if (!isFields(tool) || tool.type !== 'function' || isFields(tool.function)) return tool
    const { type, ...described } = tool
    return { type, function: described }
  })
}
