/** An error that ends the session: told as an `error` event, then by the close code. */
export interface FatalError {
  readonly type: string
  readonly code: string
  readonly message: string
  readonly close: number
  readonly reason: string
}

/** Fatal errors by their OpenAI `code`. */
export type FatalErrorCode =
  'invalid_api_key' | 'insufficient_permissions' | 'missing_model' | 'invalid_model' | 'invalid_intent' | 'model_not_found' |
  'beta_api_shape_disabled' | 'session_expired' | 'insufficient_quota' | 'billing_hard_limit_reached' | 'account_deactivated'

/** What a fatal error's text may name. */
interface FatalErrorSubject {
  readonly apiKey?: string
  readonly model?: string
  readonly intent?: string
}

/** OpenAI accepts the upgrade even then; texts and close codes as observed in 2026. */
export function fatalError (code: FatalErrorCode, subject: FatalErrorSubject = {}): FatalError {
  const { apiKey = '', model = '', intent = '' } = subject
  const rows: Record<FatalErrorCode, readonly [close: number, message: string, reason?: string]> = {
    invalid_api_key: [3000, `Incorrect API key provided: ${maskKey(apiKey)}. You can find your API key at https://platform.openai.com/account/api-keys.`],
    insufficient_permissions: [3000, 'You have insufficient permissions for this operation.'],
    missing_model: [4000, 'You must provide a model parameter, for example wss://api.openai.com/v1/realtime?model=gpt-realtime-1.5'],
    invalid_model: [4000, `Model "${model}" is not supported in realtime mode. Supported models are listed at https://platform.openai.com/docs/models.`],
    invalid_intent: [4000, `Invalid intent: "${intent}".`],
    model_not_found: [4004, `The model \`${model}\` does not exist or you do not have access to it.`],
    beta_api_shape_disabled: [4000, 'The Realtime Beta API is no longer supported. Please use /v1/realtime for the GA API.'],
    session_expired: [1001, SESSION_EXPIRED, SESSION_EXPIRED],
    insufficient_quota: [4000, 'You exceeded your current quota, please check your plan and billing details.'],
    billing_hard_limit_reached: [4000, 'Billing hard limit has been reached.'],
    account_deactivated: [3000, 'The OpenAI account associated with this API key has been deactivated.']
  }
  const [close, message, reason = `invalid_request_error.${code}`] = rows[code]
  return { type: 'invalid_request_error', code, message, close, reason }
}

const SESSION_EXPIRED = 'Your session hit the maximum duration of 60 minutes.'

/** An error after which the session goes on. */
export interface SoftError {
  readonly code: string
  readonly message: string
  readonly param?: string | null
  /** Default `invalid_request_error`. */
  readonly type?: string
}

const CLIENT_EVENTS = [
  'session.update', 'session.close', 'input_audio_buffer.append', 'session.input_audio_buffer.append',
  'input_audio_buffer.commit', 'input_audio_buffer.clear', 'conversation.item.create', 'conversation.item.truncate',
  'conversation.item.delete', 'conversation.item.retrieve', 'response.create'
]

/** OpenAI's errors within a session, with their texts as observed. */
export const softErrors = {
  invalidType: (type: string): SoftError => ({
    code: 'invalid_value',
    message: `Invalid value: '${type}'. Supported values are: ${CLIENT_EVENTS.map(name => `'${name}'`).join(', ')}, and 'response.cancel'.`,
    param: 'type'
  }),
  invalidValue: (value: unknown, param: string, supported: readonly string[]): SoftError => ({
    code: 'invalid_value',
    message: `Invalid value: '${String(value)}'. Supported values are: ${supported.map(name => `'${name}'`).join(' and ')}.`,
    param
  }),
  invalidJson: (): SoftError => ({ code: 'invalid_json', message: 'Invalid event: failed to parse JSON value. ' }),
  binaryFrame: (): SoftError => ({ code: 'invalid_event', message: 'Expected a text WebSocket message; binary frames are not supported.' }),
  missingType: (): SoftError => ({ code: 'invalid_event', message: "The 'type' field is missing." }),
  missingParameter: (param: string): SoftError => ({ code: 'missing_required_parameter', message: `Missing required parameter: '${param}'.`, param }),
  unknownParameter: (param: string): SoftError => ({ code: 'unknown_parameter', message: `Unknown parameter: '${param}'.`, param }),
  textTooLong: (param: string, length: number, most: number): SoftError => ({
    code: 'string_above_max_length',
    message: `Invalid '${param}': string too long. Expected a string with maximum length ${most}, but got a string with length ${length} instead.`,
    param
  }),
  exclusive: (param: string, names: readonly string[]): SoftError => ({
    code: 'invalid_value', message: `Exactly one of ${names.map(name => `'${name}'`).join(', ')} must be provided.`, param
  }),
  commitEmpty: (ms: number): SoftError => ({
    code: 'input_audio_buffer_commit_empty',
    message: `Error committing input audio buffer: buffer too small. Expected at least 100ms of audio, but buffer only has ${ms.toFixed(2)}ms of audio.`
  }),
  activeResponse: (id: string): SoftError => ({
    code: 'conversation_already_has_active_response',
    message: `Conversation already has an active response in progress: ${id}. Wait until the response is finished before creating a new one.`
  }),
  nothingToCancel: (): SoftError => ({ code: 'response_cancel_not_active', message: 'Cancellation failed: no active response found' }),
  audioTooShort: (hasMs: number, askedMs: number): SoftError => ({
    code: 'invalid_value', message: `Audio content of ${hasMs}ms is already shorter than ${askedMs}ms`, param: 'audio_end_ms'
  }),
  noSuchItem: (verb: 'retrieve' | 'truncate' | 'delete', id: unknown): SoftError => ({
    code: `item_${verb}_invalid_item_id`, message: `Item with item_id not found: ${String(id)}`, param: 'item_id'
  }),
  noSuchPrevious: (id: unknown): SoftError => ({
    code: 'invalid_value', message: `Previous item with item_id not found: ${String(id)}`, param: 'previous_item_id'
  }),
  unknownCall: (id: unknown): SoftError => ({ code: 'invalid_tool_call_id', message: `Tool call ID '${String(id)}' not found in conversation.` }),
  voiceLocked: (): SoftError => ({ code: 'cannot_update_voice', message: "Cannot update a conversation's voice if assistant audio is present." }),
  transcriptionOnly: (): SoftError => ({ code: 'invalid_event', message: 'Responses are not available in a transcription session.' })
}

/** A key as providers show it in errors: its two ends. */
export function maskKey (key: string): string {
  return key.length <= 8 ? '*'.repeat(key.length) : `${key.slice(0, 4)}${'*'.repeat(key.length - 8)}${key.slice(-4)}`
}
