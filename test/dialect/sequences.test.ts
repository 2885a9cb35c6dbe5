import t from 'tap'
import { testSequences } from '../fixtures/dialect/sequences.ts'

for (const upstream of ['openai', 'xai', 'beta'] as const) testSequences(t, upstream)
