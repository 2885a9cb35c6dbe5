/** A model that a provider has, or had, for realtime sessions. */
export interface CatalogueModel {
  /** `provider/model`; a trailing `*` stands for the dated snapshots too. */
  readonly target: string
  /** `current`; `deprecated` (works, with an end announced or advised against); `retired` (the provider has shut it down). */
  readonly status: 'current' | 'deprecated' | 'retired'
  /** When it is, or was, shut down, ISO 8601. */
  readonly ends?: string | undefined
  /** What to use instead. */
  readonly successor?: string | undefined
  /** What else to know. */
  readonly note?: string | undefined
}

/**
 * The realtime models of the built-in providers, as their documentation had them in November 2026. A list for notices and
 * documentation, not a limit: every other name passes to the provider unchanged.
 */
export const realtimeModels: readonly CatalogueModel[] = [
  { target: 'xai/grok-voice-latest', status: 'current', note: 'alias of the newest, grok-voice-3.0 since 2026-10-14' },
  { target: 'xai/grok-realtime', status: 'current', note: 'another alias of it' },
  { target: 'xai/grok-voice-3.0', status: 'current', note: 'reasons by default' },
  { target: 'xai/grok-voice-2.0', status: 'deprecated', successor: 'xai/grok-voice-3.0' },
  { target: 'xai/grok-voice-think-fast-2.0', status: 'current' },
  { target: 'xai/grok-voice-think-fast-1.0', status: 'current' },
  { target: 'xai/grok-voice-fast-1.0', status: 'deprecated', successor: 'xai/grok-voice-latest' },
  { target: 'openai/gpt-realtime-2.1', status: 'current' },
  { target: 'openai/gpt-realtime-2.1-mini', status: 'current' },
  { target: 'openai/gpt-realtime-2', status: 'current' },
  { target: 'openai/gpt-realtime-1.5', status: 'current' },
  { target: 'openai/gpt-realtime', status: 'deprecated', ends: '2027-01-20', successor: 'openai/gpt-realtime-2.1' },
  { target: 'openai/gpt-realtime-2025-08-28', status: 'deprecated', ends: '2027-01-20', successor: 'openai/gpt-realtime-2.1' },
  { target: 'openai/gpt-realtime-mini*', status: 'deprecated', ends: '2027-01-20', successor: 'openai/gpt-realtime-2.1-mini' },
  { target: 'openai/gpt-realtime-translate', status: 'current', note: 'translation sessions, on /v1/realtime/translations' },
  { target: 'openai/gpt-realtime-whisper', status: 'current', note: 'transcription sessions' },
  { target: 'openai/gpt-live-transcribe', status: 'current', note: 'transcription sessions' },
  { target: 'openai/gpt-transcribe', status: 'current', note: 'transcription of the input' },
  { target: 'openai/gpt-4o-transcribe*', status: 'deprecated', ends: '2027-02-26', successor: 'openai/gpt-live-transcribe', note: 'transcription sessions' },
  { target: 'openai/gpt-4o-mini-transcribe*', status: 'deprecated', ends: '2027-02-26', successor: 'openai/gpt-live-transcribe', note: 'transcription sessions' },
  { target: 'openai/gpt-4o-transcribe-diarize', status: 'deprecated', ends: '2027-02-26', successor: 'openai/gpt-live-transcribe', note: 'transcription sessions' },
  { target: 'openai/whisper-1', status: 'deprecated', ends: '2027-02-26', successor: 'openai/gpt-realtime-whisper', note: 'transcription sessions' },
  { target: 'openai/gpt-4o-realtime-preview*', status: 'retired', ends: '2026-05-07', successor: 'openai/gpt-realtime-2.1' },
  { target: 'openai/gpt-4o-mini-realtime-preview*', status: 'retired', ends: '2026-05-07', successor: 'openai/gpt-realtime-2.1-mini' }
]

/**
 * What a host should hear at start about the model of a deployment.
 * @param target `provider/model`
 * @returns one sentence for the log, or `undefined` for a current, unknown or wildcard model.
 */
export function modelNotice (target: string): string | undefined {
  if (speaksLive(target)) return `model ${target} speaks GPT-Live, which is another protocol than Realtime; its sessions will be refused`
  const model = realtimeModels.find(each => covers(each.target, target))
  if (model === undefined || model.status === 'current') return undefined
  const what = model.status === 'retired'
    ? `was shut down by its provider on ${model.ends}`
    : model.ends === undefined ? 'is deprecated by its provider' : `is deprecated; its provider shuts it down on ${model.ends}`
  return `model ${target} ${what}; use ${model.successor}`
}

/**
 * The successor of a model that its provider has shut down.
 * @param target `provider/model`
 * @returns `provider/model`, or `undefined` for a model that is not retired
 */
export function successorOf (target: string): string | undefined {
  return realtimeModels.find(each => each.status === 'retired' && covers(each.target, target))?.successor
}

/** Whether a model speaks OpenAI's GPT-Live protocol instead of Realtime. `gpt-live-transcribe` is a model of Realtime's transcription sessions. */
export function speaksLive (target: string): boolean {
  return /^openai\/gpt-live(?!-transcribe)/.test(target)
}

/**
 * What sessions a model is for, as far as its name tells; a deployment on Azure has a name of the operator's.
 * @param model the provider's name of it
 */
export function purposeOf (model: string): 'realtime' | 'transcription' | 'translation' {
  if (covers('gpt-realtime-translate*', model)) return 'translation'
  return /whisper|transcribe/.test(model) ? 'transcription' : 'realtime'
}

/** Whether a target may be a realtime model: it is known, or named like one. `true` for a provider whose names say nothing. */
export function speaksRealtime (target: string): boolean {
  if (!/^(?:openai|xai)\//.test(target)) return true
  return /\*|realtime|voice|live|transcribe|whisper|translate/.test(target) || realtimeModels.some(each => covers(each.target, target))
}

// `*` stands for a date: `gpt-realtime-mini*` must not match another model whose name begins alike.
function covers (pattern: string, target: string): boolean {
  if (!pattern.endsWith('*')) return pattern === target
  const name = pattern.slice(0, -1)
  return target === name || (target.startsWith(name) && /^-\d{4}-\d{2}-\d{2}$/.test(target.slice(name.length)))
}
