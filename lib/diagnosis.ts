import type { DeploymentStatus } from '../types/index.ts'

/** Whose fault a failure is, and what to do about it. The texts are fixed: nothing of a provider's answer is in them. */
interface Diagnosis {
  readonly fault: NonNullable<DeploymentStatus['fault']>
  readonly hint: string
}

/** For the operator: the log and `router.status()` say it. */
export const diagnoses: Readonly<Record<NonNullable<DeploymentStatus['cause']>, Diagnosis>> = {
  credentials: { fault: 'operator', hint: 'The provider refused the credential. Check apiKey or token of the deployment, and that baseUrl leads to the provider that gave it.' },
  quota: { fault: 'operator', hint: 'The account at the provider has no quota or credit left, or is not paid.' },
  not_found: { fault: 'operator', hint: 'The provider does not know the model, or the account may not use it. Check target and baseUrl.' },
  client: { fault: 'client', hint: 'The provider refused what the client asked for.' },
  unsupported: { fault: 'client', hint: 'The provider has no sessions of this kind.' },
  rate_limit: { fault: 'provider', hint: 'The provider limits the account. Ask it for more, or share the sessions among several deployments.' },
  fault: { fault: 'provider', hint: 'No session was opened. Check baseUrl, network, proxy and certificates, then the status page of the provider.' },
  timeout: { fault: 'provider', hint: 'The provider did not answer within connectTimeout. Check network and firewall, then the status page of the provider.' },
  session: { fault: 'provider', hint: 'Sessions were lost in the middle: the provider vanished, closed them with 1011, or stopped answering.' }
}
