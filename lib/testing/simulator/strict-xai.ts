import type { RealtimeEvent } from '../../../types/index.ts'
import type { SoftError } from './errors.ts'
import { isFields } from './fields.ts'
import type { Fields } from './fields.ts'

// xAI overlooks fields that it does not know. What follows it documents as unsupported, or outside of what it takes (docs.x.ai, voice).

const unsupported = ['require_approval', 'connector_id', 'tunnel_id']
const mostTerms = 100
const longestTerm = 50

/** The first thing for which xAI refuses an event. Tools that the client has restricted are refused here too, so that a test notices them. */
export function refusedByXai (event: RealtimeEvent): SoftError | undefined {
  switch (event.type) {
    case 'session.update': return isFields(event.session) ? ofTools(event.session, 'session') ?? ofSession(event.session) : undefined
    case 'response.create': return isFields(event.response) ? ofTools(event.response, 'response') : undefined
    case 'conversation.item.create': return isFields(event.item) ? ofItem(event.item) : undefined
    default: return undefined
  }
}

function ofTools ({ tools }: Fields, part: string): SoftError | undefined {
  if (!Array.isArray(tools)) return undefined
  for (const [i, tool] of tools.entries()) {
    const name = isFields(tool) && tool.type === 'mcp' ? unsupported.find(name => Object.hasOwn(tool, name)) : undefined
    if (name !== undefined) return refused(`${part}.tools[${i}].${name}`)
  }
  return undefined
}

function ofSession (session: Fields): SoftError | undefined {
  const { turn_detection: detection, reasoning, audio } = session
  if (isFields(detection)) {
    const { type, threshold, silence_duration_ms: silence } = detection
    if (type !== undefined && type !== null && type !== 'server_vad') return refused('session.turn_detection.type')
    if (isOutside(threshold, 0.1, 0.9)) return refused('session.turn_detection.threshold')
    if (isOutside(silence, 0, 10_000)) return refused('session.turn_detection.silence_duration_ms')
  }
  if (isFields(reasoning) && reasoning.effort !== 'high' && reasoning.effort !== 'none') return refused('session.reasoning.effort')
  const { input, output } = isFields(audio) ? audio : {}
  if (isFields(output) && isOutside(output.speed, 0.7, 1.5)) return refused('session.audio.output.speed')
  const transcription = isFields(input) ? input.transcription : undefined
  const terms = isFields(transcription) ? transcription.keyterms : undefined
  if (!Array.isArray(terms)) return undefined
  const fits = terms.length <= mostTerms && terms.every(term => typeof term === 'string' && [...term].length <= longestTerm)
  return fits ? undefined : refused('session.audio.input.transcription.keyterms')
}

function ofItem ({ content }: Fields): SoftError | undefined {
  const image = Array.isArray(content) ? content.findIndex(part => isFields(part) && part.type === 'input_image') : -1
  return image < 0 ? undefined : refused(`item.content[${image}].type`)
}

function isOutside (value: unknown, lowest: number, highest: number): boolean {
  return typeof value === 'number' && !(value >= lowest && value <= highest)
}

function refused (param: string): SoftError {
  return { code: 'invalid_request_error', message: `'${param}' is not supported.`, param }
}
