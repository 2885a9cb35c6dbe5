import { simulated } from './args.ts'
import { withAliases } from './settings.ts'
import type { Settings } from './settings.ts'

const providerKey = 'xai-simulated'

/** A simulated provider, and settings that serve it as the clients of the README ask for it. */
export async function simulate (): Promise<Settings> {
  // Loaded only here: without `--simulate` it costs nothing.
  const { createSimulator } = await import('../testing/index.ts')
  const simulator = await createSimulator({ flavour: 'xai', apiKeys: [providerKey] })
  return {
    options: withAliases({
      deployments: [{ model: simulated.model, target: 'xai/grok-voice-latest', apiKey: providerKey, baseUrl: simulator.url }],
      keys: [{ name: 'my-app', key: simulated.key }]
    }),
    stores: {},
    warnings: [],
    close: () => simulator.close()
  }
}
