import { type LogQuery, type Stage, scanLogQuery } from '../../web/src/query/scan.ts'
import { jsonLeaves, parseJsonLine } from '../../web/src/rows/json-line.ts'

/** A stored line of the fake. */
export interface FakeEntry {
  readonly labels: Readonly<Record<string, string>>
  /** Milliseconds since the epoch; entries of one millisecond get the same nanosecond. */
  readonly tsMs: number
  readonly line: string
  readonly metadata?: Readonly<Record<string, string>>
}

interface Found {
  readonly entry: FakeEntry
  readonly parsed: Record<string, string>
}

/** Status and body of an answer. */
export interface FakeAnswer {
  readonly status: number
  readonly body: string
}

/** Answers one request of the Loki API for the little LogQL the page itself writes. */
export function answer(path: string, params: URLSearchParams, entries: readonly FakeEntry[]): FakeAnswer {
  const fromMs = Number((params.get('start') ?? '0').slice(0, -6))
  const endNs = params.get('end') ?? '9999999999999000000'
  const toMs = Number(endNs.slice(0, -6))
  const inRange = entries.filter((entry) => entry.tsMs >= fromMs && entry.tsMs < toMs)
  if (path === 'labels') return ok(unique(inRange.flatMap((entry) => Object.keys(entry.labels))))
  const label = /^label\/([^/]+)\/values$/.exec(path)?.[1]
  if (label !== undefined) return ok(unique(inRange.flatMap((entry) => entry.labels[label] ?? [])))
  if (path !== 'query_range' && path !== 'query') return { status: 404, body: 'page not found' }
  const query = params.get('query') ?? ''
  if (path === 'query') return instant(query, Number((params.get('time') ?? '').slice(0, -6)), entries)
  const scanned = scanLogQuery(query)
  if (scanned !== null) return streams(scanned, params, inRange)
  const metric = /^sum by \(([^)]*)\) \(count_over_time\(([\s\S]*) \[(\d+)s\]\)\)$/.exec(query)
  if (metric === null)
    return { status: 400, body: 'parse error at line 1, col 1: syntax error: unexpected IDENTIFIER' }
  const stepMs = Number(params.get('step')) * 1000
  return matrix(metric[1]?.split(', ') ?? [], metric[2] ?? '', stepMs, fromMs, toMs, entries)
}

function ok(data: unknown, extra: object = {}): FakeAnswer {
  return { status: 200, body: JSON.stringify({ status: 'success', data, ...extra }) }
}

function unique(names: readonly string[]): string[] {
  return [...new Set(names)].sort()
}

function find(query: LogQuery, entries: readonly FakeEntry[]): Found[] {
  return entries.flatMap((entry) => {
    const matches = query.matchers.every((m) => compare(entry.labels[m.name] ?? '', m.op, m.value))
    const parsed: Record<string, string> = {}
    return matches && query.stages.every((stage) => passes(stage, entry, parsed)) ? [{ entry, parsed }] : []
  })
}

function passes(stage: Stage, entry: FakeEntry, parsed: Record<string, string>): boolean {
  const value = stage.value ?? ''
  if (stage.kind === 'line') {
    if (stage.op === '|=' || stage.op === '!=') return entry.line.includes(value) === (stage.op === '|=')
    const pattern = new RegExp(value.replace(/^\(\?i\)/, ''), value.startsWith('(?i)') ? 'i' : '')
    return pattern.test(entry.line) === (stage.op === '|~')
  }
  if (stage.kind === 'parser') {
    const object = stage.name === 'json' ? parseJsonLine(entry.line) : null
    for (const leaf of object === null ? [] : jsonLeaves(object, 1000)) {
      const taken = entry.labels[leaf.name] !== undefined || entry.metadata?.[leaf.name] !== undefined
      parsed[taken ? `${leaf.name}_extracted` : leaf.name] ??= leaf.value
    }
  }
  if (stage.kind !== 'label') return true
  return compare(
    parsed[stage.name] ?? entry.metadata?.[stage.name] ?? entry.labels[stage.name] ?? '',
    stage.op,
    value,
  )
}

function compare(actual: string, op: string, wanted: string): boolean {
  if (op === '=') return actual === wanted
  if (op === '!=') return actual !== wanted
  return new RegExp(`^(?:${wanted})$`, 's').test(actual) === (op === '=~')
}

function streams(query: LogQuery, params: URLSearchParams, entries: readonly FakeEntry[]): FakeAnswer {
  const sign = params.get('direction') === 'forward' ? 1 : -1
  const limit = Number(params.get('limit') ?? 100)
  // Reversed first, so that equal times come out in reverse order of insertion.
  const found = find(query, entries)
  const sorted = (sign === 1 ? found : found.reverse()).sort((a, b) => sign * (a.entry.tsMs - b.entry.tsMs))
  const groups = new Map<string, { stream: object; values: unknown[] }>()
  for (const { entry, parsed } of sorted.slice(0, limit)) {
    const key = JSON.stringify(entry.labels)
    const group = groups.get(key) ?? { stream: entry.labels, values: [] }
    groups.set(key, group)
    group.values.push([
      `${entry.tsMs}000000`,
      entry.line,
      { structuredMetadata: entry.metadata ?? {}, parsed },
    ])
  }
  const stats = {
    summary: { execTime: 0.0042, totalLinesProcessed: entries.length, totalBytesProcessed: 48_230 },
  }
  return ok({
    resultType: 'streams',
    encodingFlags: ['categorize-labels'],
    result: [...groups.values()],
    stats,
  })
}

function groupLabels(names: readonly string[], { entry, parsed }: Found): Record<string, string> {
  const all: Record<string, string | undefined> = { ...entry.labels, ...entry.metadata, ...parsed }
  return Object.fromEntries(names.flatMap((name) => (all[name] === undefined ? [] : [[name, all[name]]])))
}

function matrix(
  names: readonly string[],
  inner: string,
  stepMs: number,
  fromMs: number,
  toMs: number,
  entries: readonly FakeEntry[],
): FakeAnswer {
  const query = scanLogQuery(inner.replace(' | drop __error__', ''))
  if (query === null) return { status: 400, body: `parse error : ${inner}` }
  const series = new Map<string, { metric: Record<string, string>; counts: Map<number, number> }>()
  for (const found of find(query, entries)) {
    const at = Math.ceil(found.entry.tsMs / stepMs) * stepMs
    if (at < Math.floor(fromMs / stepMs) * stepMs || at > Math.ceil(toMs / stepMs) * stepMs) continue
    const metric = groupLabels(names, found)
    const one = series.get(JSON.stringify(metric)) ?? { metric, counts: new Map() }
    series.set(JSON.stringify(metric), one)
    one.counts.set(at, (one.counts.get(at) ?? 0) + 1)
  }
  const result = [...series.values()].map(({ metric, counts }) => ({
    metric,
    values: [...counts].sort((a, b) => a[0] - b[0]).map(([ms, n]) => [ms / 1000, String(n)]),
  }))
  return ok({ resultType: 'matrix', result, stats: {} })
}

function instant(text: string, timeMs: number, entries: readonly FakeEntry[]): FakeAnswer {
  const metric = /^sum by \(([^)]*)\) \(count_over_time\(([\s\S]*) \[(\d+)s\]\)\)$/.exec(text)
  const query = scanLogQuery(metric?.[2] ?? '')
  if (metric === null || query === null) return { status: 400, body: `parse error : ${text}` }
  const fromMs = timeMs - Number(metric[3]) * 1000
  const inRange = entries.filter((entry) => entry.tsMs > fromMs && entry.tsMs <= timeMs)
  const counts = new Map<string, { metric: Record<string, string>; n: number }>()
  for (const found of find(query, inRange)) {
    const labels = groupLabels(metric[1]?.split(', ') ?? [], found)
    const one = counts.get(JSON.stringify(labels)) ?? { metric: labels, n: 0 }
    counts.set(JSON.stringify(labels), one)
    one.n++
  }
  const result = [...counts.values()].map(({ metric: labels, n }) => ({
    metric: labels,
    value: [timeMs / 1000, String(n)],
  }))
  return ok({ resultType: 'vector', result, stats: {} })
}
