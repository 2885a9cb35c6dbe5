import { withField, type FieldOptions, type Runner } from './field.ts'
import { median } from './stats.ts'
import type { Subject } from './subjects/subject.ts'

/** One figure set for each subject and round. */
export type Series<Figures> = Record<string, Figures[]>

/**
 * Runs every subject once a round, so that what disturbs the machine disturbs all alike; figures are compared
 * within a round only. The first subject changes from round to round.
 */
export async function pairedRounds<Figures> (
  runners: readonly Runner[], rounds: number, slice: (runner: Runner) => Promise<Figures>
): Promise<Series<Figures>> {
  const series: Series<Figures> = Object.fromEntries(runners.map(({ subject }) => [subject.name, []]))
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < runners.length; i++) {
      const runner = runners[(i + round) % runners.length]!
      series[runner.subject.name]!.push(await slice(runner))
    }
  }
  return series
}

/** As `pairedRounds`, each slice in a process of its own that has done nothing before. */
export async function freshRounds<Figures> (
  subjects: readonly Subject[], options: FieldOptions, rounds: number, slice: (runner: Runner) => Promise<Figures>
): Promise<Series<Figures>> {
  const series: Series<Figures> = Object.fromEntries(subjects.map(({ name }) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < subjects.length; i++) {
      const subject = subjects[(i + round) % subjects.length]!
      series[subject.name]!.push(await withField([subject], options, ([runner]) => slice(runner!)))
    }
  }
  return series
}

/** Median of each figure over the rounds. */
export function medians<Figures extends object> (rounds: readonly Figures[]): Figures {
  const keys = Object.keys(rounds[0]!) as Array<keyof Figures>
  return Object.fromEntries(keys.map((key) => [key, median(rounds.map((figures) => Number(figures[key])))])) as Figures
}

/** Median over the rounds of what `compare` makes of the two subjects' figures of the same round. */
export function paired<Figures> (
  series: Series<Figures>, name: string, other: string, compare: (own: Figures, others: Figures) => number
): number | undefined {
  const own = series[name]
  const others = series[other]
  if (own === undefined || others === undefined) return undefined
  return median(own.map((figures, round) => compare(figures, others[round]!)))
}
