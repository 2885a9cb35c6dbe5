import type { Environment } from './reader.ts'

/** Where a provider's key and address come from when the deployment names none. First one set counts. */
export interface ProviderVariables {
  readonly keys: readonly string[]
  readonly bases: readonly string[]
}

/** The providers served out of the box, with LiteLLM's names for their variables. */
export const providerVariables: Readonly<Record<string, ProviderVariables>> = {
  openai: { keys: ['OPENAI_API_KEY'], bases: ['OPENAI_BASE_URL', 'OPENAI_API_BASE'] },
  xai: { keys: ['XAI_API_KEY'], bases: ['XAI_API_BASE'] },
  azure: { keys: ['AZURE_API_KEY'], bases: ['AZURE_API_BASE'] }
}

/** The first of the variables that is set and not empty. */
export function firstSet (env: Environment, names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = Object.hasOwn(env, name) ? env[name] : undefined
    if (value !== undefined && value !== '') return value
  }
  return undefined
}
