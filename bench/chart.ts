import { medians } from './rounds.ts'
import { costParts, titles, type Results } from './results.ts'

const width = 760
const labelWidth = 230
const valueWidth = 60
const barHeight = 18
const barGap = 6
const groupGap = 44
const top = 54
const colours = { own: '#0b7a75', other: '#a8b3bd' }

/** Processor time per round trip as horizontal bars, one group a scenario. */
export function chart (results: Results): string {
  const groups = costParts.flatMap((part) => {
    const series = results.cost[part]
    // Where the gateway stands alone there is nothing to see.
    if (series === undefined || Object.keys(series).length < 2) return []
    const bars = Object.keys(series).filter((name) => name !== 'direct')
      .map((name) => ({ name, label: results.labels[name]!, value: medians(series[name]!).cpuMicros }))
    return [{ title: titles[part], bars }]
  })
  const most = Math.max(...groups.flatMap(({ bars }) => bars.map(({ value }) => value)))
  const scale = (width - labelWidth - valueWidth - 20) / most

  const parts: string[] = []
  let y = top
  for (const { title, bars } of groups) {
    y += 20
    parts.push(text(20, y, title, 'font-weight="600"'))
    y += 10
    for (const { name, label, value } of bars) {
      const mine = name === 'gateway'
      const length = Math.max(1, value * scale)
      parts.push(
        text(labelWidth, y + 13, label, `text-anchor="end"${mine ? ' font-weight="600"' : ''}`),
        `<rect x="${labelWidth + 10}" y="${y}" width="${length.toFixed(1)}" height="${barHeight}" rx="2" fill="${mine ? colours.own : colours.other}"/>`,
        text(labelWidth + 16 + length, y + 13, value.toFixed(1))
      )
      y += barHeight + barGap
    }
    y += groupGap - 30
  }
  const { machine } = results
  const versions = Object.entries(machine.versions).map(([name, version]) => `${name} ${version}`).join(', ')
  const notes = [
    `200 sessions, 3.3 kB frames both ways; median of paired rounds, one processor for the relay. ${results.date.slice(0, 10)}`,
    `${machine.processor}, ${machine.processors} processors, ${machine.system}, ${versions}`
  ]
  for (const note of notes) {
    y += 18
    parts.push(text(20, y, note, 'font-size="11" fill="#57606a"'))
  }
  const height = y + 20
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" ` +
    'aria-label="Processor time per round trip of the gateway and of other relays" ' +
    'font-family="system-ui, sans-serif" font-size="13" fill="#1f2328">\n' +
    `<rect width="${width}" height="${height}" rx="6" fill="#ffffff"/>\n` +
    text(20, 32, 'Processor time per round trip, µs (less is better)', 'font-size="16" font-weight="600"') + '\n' +
    parts.join('\n') + '\n</svg>\n'
}

function text (x: number, y: number, content: string, attributes = ''): string {
  const escaped = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
  return `<text x="${x.toFixed(1)}" y="${y}" ${attributes}>${escaped}</text>`
}
