import t from 'tap'
import { testSequences } from '../fixtures/dialect/sequences.ts'

testSequences(t, 'beta')
