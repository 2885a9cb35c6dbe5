import { builtInAnswer, toolChoice } from './answer.ts'
import type { SimulatedTurn } from './answer.ts'
import type { Entry } from './conversation.ts'
import type { OpenAiContext } from './openai-context.ts'
import { createOpenAiOutput } from './openai-output.ts'
import { isSecondGeneration } from './openai-session-object.ts'
import type { ToolObject } from './openai-session-object.ts'
import type { RunningResponse } from './session.ts'

/** The `response` of a `response.create`. */
export interface ResponseRequest {
  readonly conversation?: string
  readonly instructions?: string
  readonly output_modalities?: readonly string[]
  readonly audio?: { readonly output?: { readonly format?: unknown, readonly voice?: unknown } }
  readonly tools?: readonly ToolObject[]
  readonly tool_choice?: unknown
  readonly max_output_tokens?: number | 'inf'
  readonly metadata?: unknown
}

// Recorded delays: from `response.created` to the first item, and from `response.done` to the rate limits.
const FIRST_ITEM_MS = 300
const RATE_LIMITS_MS = 35
const TOKENS_PER_MINUTE = 15_000_000

/** Starts a response and streams it. `turn` is what it answers, `entries` what it can see. */
export function startResponse (
  context: OpenAiContext, request: ResponseRequest, turn: SimulatedTurn, entries: readonly Entry[], onEnd: () => void
): RunningResponse {
  const { host, session, emit } = context
  const id = context.id('resp')
  const outOfBand = request.conversation === 'none'
  const modalities = request.output_modalities ?? session.output_modalities ?? ['audio']
  const format = request.audio?.output?.format ?? session.audio.output?.format
  const voice = request.audio?.output?.voice ?? session.audio.output?.voice
  const limit = request.max_output_tokens ?? session.max_output_tokens ?? 'inf'
  const tools = request.tools ?? session.tools ?? []
  const prompt = `${request.instructions ?? session.instructions ?? ''} ${tools.length > 0 ? JSON.stringify(tools) : ''}`
  const reckon = context.meter(entries, prompt)
  const output = createOpenAiOutput(context, { responseId: id, outOfBand, spoken: modalities[0] === 'audio', format })
  let status = 'in_progress'
  let details: unknown = null
  let usage: unknown = null

  const snapshot = (): Record<string, unknown> => ({
    object: 'realtime.response',
    id,
    status,
    status_details: details,
    output: output.items,
    conversation_id: outOfBand ? null : context.conversationId,
    output_modalities: modalities,
    max_output_tokens: limit,
    audio: { output: { format, voice } },
    usage,
    metadata: request.metadata ?? null
  })

  function finish (as: string, why: unknown = null): void {
    const { textTokens, audioMs } = output
    const reasons = isSecondGeneration(session.model ?? '') && textTokens > 0
    const used = reckon({ textTokens, audioMs, ...(reasons && { reasoningTokens: 16 + host.random.int(32) }) })
    status = as
    details = why
    usage = used
    emit('response.done', { response: snapshot() })
    if (context.sideband && audioMs > 0) emit(`output_audio_buffer.${as === 'cancelled' ? 'cleared' : 'stopped'}`, { response_id: id })
    if (!context.azure) host.clock.after(RATE_LIMITS_MS, () => rateLimits(Number(used.total_tokens)))
    onEnd()
  }

  function rateLimits (used: number): void {
    const resetSeconds = Math.max(0.001, Math.round(used / TOKENS_PER_MINUTE * 60_000) / 1000)
    emit('rate_limits.updated', {
      rate_limits: [{ name: 'tokens', limit: TOKENS_PER_MINUTE, remaining: TOKENS_PER_MINUTE - used, reset_seconds: resetSeconds }]
    })
  }

  function * cycle (): Generator<number, void> {
    const failure = host.takeFailure()
    yield FIRST_ITEM_MS
    if (failure) {
      finish('failed', { type: 'failed', error: { type: 'invalid_request_error', ...failure } })
      return
    }
    const { say, calls = [], endless = false } = host.scenario?.(turn) ?? builtInAnswer(turn, toolChoice(request.tool_choice ?? session.tool_choice), false)
    if (say !== undefined) yield * output.say(say, typeof limit === 'number' ? limit : Infinity, endless)
    if (output.items[0]?.status === 'incomplete') {
      finish('incomplete', { type: 'incomplete', reason: 'max_output_tokens' })
      return
    }
    for (const call of calls) yield * output.call(call)
    finish('completed')
  }

  emit('response.created', { response: snapshot() })
  host.clock.run(cycle(), () => status === 'in_progress')
  return {
    id,
    outOfBand,
    cancel (reason) {
      output.interrupt()
      finish('cancelled', { type: 'cancelled', reason })
    }
  }
}
