import type { LogRow } from '../rows/row.ts'

let nextId = 1

/** A row for tests; everything has a default. */
export function makeRow(
  parts: Partial<Omit<LogRow, 'stream'>> & { labels?: Record<string, string> },
): LogRow {
  const { labels = { service: 'api' }, tsNs = '1700000000000000000', ...rest } = parts
  return {
    id: nextId++,
    tsNs,
    tsMs: Number(tsNs.slice(0, -6)),
    line: '',
    stream: { labels, key: JSON.stringify(labels) },
    metadata: {},
    parsed: {},
    ...rest,
  }
}
