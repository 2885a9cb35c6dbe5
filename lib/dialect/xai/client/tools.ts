import { isFields } from '../../fields.ts'
import { refuse } from '../../lacking.ts'

/** What xAI's own servers do, and OpenAI's Realtime does not. */
const foreign: ReadonlySet<unknown> = new Set(['web_search', 'x_search', 'file_search'])

/**
 * Tools in GA's words.
 * @param path of the list in the client's event
 * @throws GatewayError for a tool that OpenAI does not have
 */
export function openaiTools (tools: unknown, path: string): unknown {
  if (!Array.isArray(tools)) return tools
  return tools.map((tool: unknown, i) => {
    if (!isFields(tool)) return tool
    if (foreign.has(tool.type)) refuse(`${path}[${i}].type`, `OpenAI's Realtime has no tool ${String(tool.type)}.`)
    // On xAI nobody is asked before such a tool is called; on OpenAI somebody is by default, and its question would go unanswered.
    if (tool.type === 'mcp') return { require_approval: 'never', ...tool }
    const { function: nested, ...rest } = tool
    return tool.type === 'function' && isFields(nested) ? { ...rest, ...nested, type: 'function' } : tool
  })
}

/** Tools as xAI shows them: functions within a field of their own. */
export function xaiTools (tools: unknown): unknown {
  if (!Array.isArray(tools)) return tools
  return tools.map((tool: unknown) => {
    if (!isFields(tool) || tool.type !== 'function' || isFields(tool.function)) return tool
    const { type, ...described } = tool
    return { type, function: described }
  })
}
