import { createMeter } from '../metering/meter.ts'
import type { Meter, MeterOptions } from '../metering/meter.ts'
import { createPriceList } from '../metering/prices.ts'
import { priceTable } from '../metering/price-table.ts'
import { openaiUsage } from '../providers/openai/usage.ts'
import type { BillingTap } from '../session/pipeline/turns.ts'
import { modelOf, providerOf } from '../upstream/deployment.ts'
import type { RouteTools } from './route.ts'
import type { Deployment } from '../../types/index.ts'

const prices = createPriceList(priceTable)

/**
 * Meters a session.
 * @param current the deployment that serves it now
 * @param failed told when an adapter of the host's throws: the session goes on, and what it was to read has no price
 */
export function billingOf (current: () => Deployment, { connecting }: RouteTools, failed: (cause: unknown) => void): { readonly meter: Meter, readonly tap: BillingTap } {
  const usageOf = (deployment: Deployment): MeterOptions['usage'] => connecting.adapters.get(providerOf(deployment))?.usage ?? openaiUsage
  const meter = createMeter(() => {
    const deployment = current()
    return {
      usage (event) {
        try {
          return usageOf(deployment)(event)
        } catch (cause) {
          failed(cause)
          return undefined
        }
      },
      priceOf: model => prices.find({ provider: providerOf(deployment), model: model ?? modelOf(deployment) })
    }
  })
  return {
    meter,
    // OpenAI and Azure bill nothing of what a client says by itself.
    tap: { upstream: meter.hear, ...usageOf(current()) !== openaiUsage && { client: meter.hear } }
  }
}
