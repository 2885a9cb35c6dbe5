import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { generate } from 'selfsigned'

export interface Certificate {
  readonly key: string
  readonly cert: string
  /** The certificate as a file, for `NODE_EXTRA_CA_CERTS`. */
  readonly file: string
}

/** A certificate for 127.0.0.1, made anew for every run. */
export async function makeCertificate (directory: string): Promise<Certificate> {
  const pems = await generate([{ name: 'commonName', value: 'localhost' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'subjectAltName', altNames: [{ type: 2, value: 'localhost' }, { type: 7, ip: '127.0.0.1' }] }
    ]
  })
  const file = join(directory, 'upstream.pem')
  await writeFile(file, pems.cert)
  return { key: pems.private, cert: pems.cert, file }
}
