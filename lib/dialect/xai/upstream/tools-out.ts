import { fieldsOf, isFields, isSaid, omit } from '../../fields.ts'
import type { Fields } from '../../fields.ts'
import type { DialectContext } from '../../../../types/index.ts'
import { adjust, refuse } from './nearest.ts'

/** Fields of an MCP tool in GA (the types of the `openai` package) that xAI does not have, or has in another form. */
const foreign = ['require_approval', 'connector_id', 'tunnel_id', 'allowed_callers', 'allowed_tools', 'defer_loading']

/**
 * Tools as xAI takes them. A field that restricts a tool is never left out: xAI would make calls that nobody has allowed.
 * @param path of the list in the client's event
 * @param ownShape whether the client speaks xAI's own shape, where no call needs approval. In GA each does, unless the tool says otherwise.
 * @throws GatewayError `unsupported_feature`, strict or not, for a tool that xAI would call against the client's will
 */
export function toolsOut (tools: unknown, path: string, ownShape: boolean, context: DialectContext): unknown {
  if (!Array.isArray(tools)) return tools
  return tools.map((tool: unknown, i) => isFields(tool) && tool.type === 'mcp' ? mcpOut(tool, `${path}[${i}]`, ownShape, context) : tool)
}

function mcpOut (tool: Fields, path: string, ownShape: boolean, context: DialectContext): Fields {
  const { require_approval: approval, allowed_callers: callers, allowed_tools: allowed, defer_loading: deferred } = tool
  if (isSaid(approval) ? approval !== 'never' : !ownShape) refuse(`${path}.require_approval`)
  for (const name of ['connector_id', 'tunnel_id']) {
    if (isSaid(tool[name])) refuse(`${path}.${name}`)
  }
  // On xAI the model calls the tool directly.
  if (isSaid(callers) && !(Array.isArray(callers) && callers.includes('direct'))) refuse(`${path}.allowed_callers`)
  if (deferred === true) adjust(context, `${path}.defer_loading`)
  const names = allowedOut(allowed, `${path}.allowed_tools`)
  return { ...omit(tool, foreign), ...(names !== undefined && { allowed_tools: names }) }
}

/** xAI takes a list of names; an empty one means all tools. */
function allowedOut (allowed: unknown, path: string): readonly unknown[] | undefined {
  if (!isSaid(allowed)) return undefined
  const { tool_names: names, read_only: readOnly } = fieldsOf(allowed)
  const list = isSaid(readOnly) ? undefined : names ?? allowed
  return Array.isArray(list) && list.length > 0 ? list : refuse(path)
}
