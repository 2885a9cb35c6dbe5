import neostandard, { resolveIgnoresFromGitignore } from 'neostandard'

const rooms = (files, patterns, message) => ({
  files,
  rules: { 'no-restricted-imports': ['error', { patterns: patterns.map(group => ({ group: [group], message })) }] }
})

export default [
  ...neostandard({ ts: true, ignores: [...resolveIgnoresFromGitignore()] }),
  {
    files: ['**/*.ts'],
    rules: { '@typescript-eslint/no-explicit-any': 'error' }
  },
  {
    files: ['lib/**/*.ts'],
    ignores: ['lib/cli/main.ts', 'lib/env.ts'],
    rules: {
      'no-console': 'error',
      'no-restricted-properties': ['error', { object: 'process', property: 'env', message: 'Only cli and env read the environment.' }]
    }
  },
  rooms(['types/**/*.ts'], ['**/lib/**'], 'types imports nothing from lib.')
]
