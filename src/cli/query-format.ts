import { styleText } from 'node:util'
import { labelsText, makeLabels } from '#base/labels.ts'
import { printRfc3339, printRfc3339Nano, type TimeZone } from '#base/rfc3339.ts'
import { timestampFromNs } from '#base/timestamp.ts'
import type { Line } from './query-pages.ts'

/** How lines are printed: logcli's three forms. */
export type OutputForm = 'default' | 'raw' | 'jsonl'

/** What of a line is shown. */
export interface FormatOptions {
  readonly output: OutputForm
  readonly timezone: TimeZone
  /** Show these labels only; none given means all. */
  readonly includeLabel: readonly string[]
  readonly excludeLabel: readonly string[]
  /** `default` form: no labels at all. */
  readonly noLabels: boolean
  /** Colours, for a terminal. */
  readonly colour: boolean
}

type LabelSet = Readonly<Record<string, string>>

/** Turns pages of lines to text. */
export interface LineFormatter {
  /**
   * The text of a page, each line with its newline, and what belongs on standard error before it: the labels
   * that all lines of the page share, where they differ from those announced last.
   */
  page(lines: readonly Line[]): { readonly heading: string; readonly text: string }
}

/** Makes the formatter for one query's output. */
export function makeFormatter(options: FormatOptions): LineFormatter {
  let announced = '{}'
  return {
    page(lines) {
      if (options.output === 'raw') return { heading: '', text: join(lines, (line) => line.line) }
      if (options.output === 'jsonl')
        return { heading: '', text: join(lines, (line) => jsonLine(line, options)) }
      const sets = new Map(lines.map(({ key, labels }) => [key, labels]))
      const common = options.noLabels ? {} : commonLabels([...sets.values()])
      const shown = new Map<string, string>()
      for (const [key, labels] of sets) shown.set(key, differingText(labels, common, options))
      const width = Math.max(0, ...[...shown.values()].map((text) => text.length))
      const commonText = labelsText(makeLabels(visible(common, options)))
      const heading = commonText === announced ? '' : `Common labels: ${paint('red', commonText, options)}\n`
      announced = commonText
      const text = join(lines, ({ tsNs, line, key }) => {
        const time = paint('blue', printRfc3339(timestampFromNs(tsNs), options.timezone), options)
        if (options.noLabels) return `${time} ${line}`
        return `${time} ${paint('red', (shown.get(key) ?? '').padEnd(width), options)} ${line}`
      })
      return { heading, text }
    },
  }
}

function join(lines: readonly Line[], print: (line: Line) => string): string {
  return lines.map((line) => `${print(line)}\n`).join('')
}

function jsonLine({ labels, line, tsNs }: Line, options: FormatOptions): string {
  const timestamp = printRfc3339Nano(timestampFromNs(tsNs), options.timezone)
  const sorted = options.noLabels ? {} : Object.fromEntries(makeLabels(visible(labels, options)))
  return JSON.stringify({ labels: sorted, line, timestamp })
}

function visible(labels: LabelSet, { includeLabel, excludeLabel }: FormatOptions): Record<string, string> {
  const included = Object.entries(labels).filter(
    ([name]) => (includeLabel.length === 0 || includeLabel.includes(name)) && !excludeLabel.includes(name),
  )
  return Object.fromEntries(included)
}

/** The pairs that every set has. */
export function commonLabels(sets: readonly LabelSet[]): Record<string, string> {
  const [first, ...others] = sets
  const shared = Object.entries(first ?? {}).filter(([name, value]) =>
    others.every((set) => Object.hasOwn(set, name) && set[name] === value),
  )
  return Object.fromEntries(shared)
}

function differingText(labels: LabelSet, common: LabelSet, options: FormatOptions): string {
  const differing = Object.entries(visible(labels, options)).filter(([name]) => !Object.hasOwn(common, name))
  return labelsText(makeLabels(differing))
}

function paint(colour: 'blue' | 'red', text: string, options: FormatOptions): string {
  return options.colour ? styleText(colour, text, { validateStream: false }) : text
}
