import { defaultApiVersion } from '../../providers/azure/adapter.ts'
import type { DeploymentOptions } from '../../../types/index.ts'
import { amount, fields, flag, fn, maxNumber, name, named, of, oneOf, text, texts, whole } from './builders.ts'

const price = fields({
  inputPerMinute: amount(),
  outputPerMinute: amount()
}, { required: ['inputPerMinute', 'outputPerMinute'], unknown: 'is not a field of price' })

const warm = fields({
  size: whole(0, 1_000),
  maxIdleMs: of<number>({ type: 'number', exclusiveMinimum: 0, maximum: maxNumber, default: 20_000, rule: 'must be a number above 0' })
}, { required: ['size'], unknown: 'is not a field of warm' })

/** `DeploymentOptions` */
export const deployment = fields({
  id: name('must be a text that no other deployment has'),
  model: name('must be a model name'),
  target: text("must be 'provider/model'", { pattern: '^[^/\\s]+/\\S+$' }),
  apiKey: text('must be a text of visible ASCII characters', { pattern: '^[\\x21-\\x7e]+$' }),
  token: fn<NonNullable<DeploymentOptions['token']>>(),
  baseUrl: text('must be a ws(s):// or http(s):// URL'),
  insecure: flag(false),
  realtimeProtocol: oneOf(['ga', 'preview'], 'ga'),
  apiVersion: text('must be YYYY-MM-DD or YYYY-MM-DD-preview', { pattern: '^\\d{4}-\\d{2}-\\d{2}(?:-preview)?$', default: defaultApiVersion }),
  dialect: oneOf(['openai', 'native'], 'openai'),
  weight: amount(),
  rpm: amount(),
  tpm: amount(),
  order: amount(0),
  maxSessions: amount(),
  price,
  tags: texts(),
  allowedFails: amount(),
  cooldownMs: amount(),
  warm,
  headers: named(text('must be a legal header value', { pattern: '^[\\t\\x20-\\x7e\\x80-\\xff]*$' }))
}, { required: ['model', 'target'], unknown: 'is not a field of a deployment' })
