import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Certificate } from './certificate.ts'
import type { World } from './session.ts'
import type { Running, Subject } from './subjects/subject.ts'
import { startUpstream } from './upstream.ts'

/** A subject at work, with the world that it stands in. */
export interface Runner {
  readonly subject: Subject
  readonly running: Running
  readonly world: World
}

export interface FieldOptions {
  readonly core: number | undefined
  readonly directory: string
  /** Given: the upstream speaks TLS. */
  readonly certificate?: Certificate
}

/** Starts one upstream and all subjects in front of it, runs `work`, and stops them. */
export async function withField<Result> (
  subjects: readonly Subject[], options: FieldOptions, work: (runners: readonly Runner[]) => Promise<Result>
): Promise<Result> {
  const { certificate, core } = options
  const upstream = await startUpstream(certificate)
  const runners: Runner[] = []
  try {
    for (const subject of subjects) {
      const directory = join(options.directory, subject.name)
      await mkdir(directory, { recursive: true })
      const running = await subject.start({ url: upstream.url, caFile: certificate?.file, core, directory })
      runners.push({ subject, running, world: { upstream, target: running, certificate } })
    }
    return await work(runners)
  } finally {
    await Promise.all(runners.map(({ running }) => running.stop()))
    await upstream.close()
  }
}

/** As `withField`, one subject after the other, each in a process that has done nothing before. */
export async function alone<Result> (
  subjects: readonly Subject[], options: FieldOptions, work: (runner: Runner) => Promise<Result>
): Promise<Record<string, Result>> {
  const results: Record<string, Result> = {}
  for (const subject of subjects) {
    results[subject.name] = await withField([subject], options, ([runner]) => work(runner!))
  }
  return results
}
