/** Rows as a Markdown table; numbers are aligned right. */
export function table(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = columns.map((name, i) => Math.max(name.length, ...rows.map((row) => row[i].length)))
  const isText = columns.map((_, i) => rows.some((row) => /[a-z]{2}/i.test(row[i])))
  const aligned = (cell: string, i: number): string =>
    isText[i] ? cell.padEnd(widths[i]) : cell.padStart(widths[i])
  const line = (cells: readonly string[]): string => `| ${cells.map(aligned).join(' | ')} |`
  const rule = widths.map((width, i) => (isText[i] ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`))
  return [line(columns), `| ${rule.join(' | ')} |`, ...rows.map(line)].join('\n')
}

/** Seconds with as many digits as they deserve. */
export function seconds(value: number): string {
  return Number.isNaN(value) ? '–' : value.toFixed(value < 0.1 ? 4 : 2)
}
