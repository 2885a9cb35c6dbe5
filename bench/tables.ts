import { medians, paired, type Series } from './rounds.ts'
import { costParts, titles, type Results } from './results.ts'
import type { Slice } from './scenarios/slice.ts'
import { median } from './stats.ts'

const own = 'gateway'

/** The whole run as text. */
export function tables (results: Results): string {
  const blocks: string[] = []
  for (const part of costParts) {
    const series = results.cost[part]
    if (series === undefined) continue
    blocks.push(`${titles[part]}\n${costTable(results, series, part === 'paced')}`)
  }
  const { work, opening, setUp, memory, stall, crowd } = results
  if (work !== undefined) {
    blocks.push('Sessions at work, saturated\n' + table(['', 'RSS KiB a session', `${own} is`, 'highest', 'p50 ms', 'p99 ms', `${own} is`], names(work).map((name) => {
      const row = medians(work[name]!)
      const ratio = (key: 'residentKiB' | 'p99Ms'): string => name === own ? '' : times(paired(work, own, name, (a, b) => a[key] / b[key]))
      return [results.labels[name]!, digits(row.residentKiB, 0), ratio('residentKiB'), digits(row.peakKiB, 0), digits(row.p50Ms, 2), digits(row.p99Ms, 2), ratio('p99Ms')]
    })))
  }
  if (opening !== undefined) {
    blocks.push('Sessions opened and closed, 20 at a time\n' + table(['', 'sessions/s', `${own} is`, 'CPU µs a session', `${own} is`], names(opening).map((name) => {
      const row = medians(opening[name]!)
      const ratio = (key: keyof typeof row): string => name === own ? '' : times(paired(opening, own, name, (a, b) => a[key] / b[key]))
      return [results.labels[name]!, digits(row.sessionsPerSecond, 0), ratio('sessionsPerSecond'), digits(row.cpuMicros, 0), ratio('cpuMicros')]
    })))
  }
  if (setUp !== undefined) {
    blocks.push('Set-up, TCP connect to first event, median\n' + table(['', 'ws ms', 'wss ms'], names(setUp.ws).map((name) =>
      [results.labels[name]!, digits(median(setUp.ws[name]!), 2), digits(median(setUp.wss[name]!), 2)])))
  }
  if (memory !== undefined) {
    blocks.push('Resident memory per session\n' + table(['', 'sessions', 'idle KiB', 'after one exchange KiB'], names(memory).map((name) => {
      const row = memory[name]!
      return [results.labels[name]!, String(row.sessions), digits(row.idleKiB, 1), digits(row.usedKiB, 1)]
    })))
  }
  for (const [title, rows] of Object.entries(stall ?? {})) {
    blocks.push(`Stalled ${title}\n` + table(['', 'sent MiB', 'under way MiB', 'RSS growth MiB', 'with drain MiB', 'drain s', 'all arrived'], names(rows).map((name) => {
      const row = rows[name]!
      return [results.labels[name]!, digits(row.sentMiB, 0), digits(row.underWayMiB, 1), digits(row.growthMiB, 1), digits(row.drainGrowthMiB, 1), digits(row.drainMs / 1e3, 1), row.complete ? 'yes' : 'NO']
    })))
  }
  if (crowd !== undefined) {
    blocks.push('Many sessions, each holds a turn\n' + table(['', 'sessions', 'turns', 'errors', 'open s', 'turns s', 'turn p50 ms', 'p99 ms', 'RSS MiB', 'CPU s'], names(crowd).map((name) => {
      const row = crowd[name]!
      return [results.labels[name]!, ...[row.sessions, row.turns, row.errors.length].map(String), digits(row.openSeconds, 1), digits(row.turnsSeconds, 1),
        digits(row.turnP50Ms, 0), digits(row.turnP99Ms, 0), digits(row.residentMiB, 0), digits(row.cpuSeconds, 1)]
    })))
  }
  return blocks.join('\n\n')
}

function costTable (results: Results, series: Series<Slice>, latency: boolean): string {
  const head = ['', 'CPU µs', `${own} is`, 'round trips/s', 'its core', 'others on it', 'load core', 'p50 ms', 'p99 ms', ...latency ? ['added p50', 'added p99'] : []]
  const rows = names(series).map((name) => {
    const row = medians(series[name]!)
    const ratio = name === own || name === 'direct' ? undefined : paired(series, own, name, (a, b) => a.cpuMicros / b.cpuMicros)
    const added = (key: 'p50Ms' | 'p99Ms'): string =>
      name === 'direct' ? '' : digits(paired(series, name, 'direct', (a, b) => a[key] - b[key]), 3)
    return [
      results.labels[name]!, name === 'direct' ? '' : digits(row.cpuMicros, 1), times(ratio),
      digits(row.roundTripsPerSecond, 0), percent(row.subjectBusy), name === 'direct' ? '' : percent(row.subjectWait), percent(row.loadBusy), digits(row.p50Ms, 2), digits(row.p99Ms, 2),
      ...latency ? [added('p50Ms'), added('p99Ms')] : []
    ]
  })
  return table(head, rows)
}

function names (rows: object): string[] {
  return Object.keys(rows)
}

function digits (value: number | undefined, places: number): string {
  return value === undefined || Number.isNaN(value) ? '' : value.toFixed(places)
}

function times (ratio: number | undefined): string {
  return ratio === undefined ? '' : `${digits(ratio, 2)} x`
}

function percent (share: number): string {
  return `${(share * 100).toFixed(0)} %`
}

function table (head: readonly string[], rows: ReadonlyArray<readonly string[]>): string {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]!.length)))
  const line = (cells: readonly string[]): string =>
    '  ' + cells.map((cell, column) => column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)).join('  ')
  return [head, ...rows].map(line).join('\n')
}
