import { compareNs, type LogRow, labelsKey, type StreamRef } from '../rows/row.ts'
import type { Series } from './api.ts'

type Labels = Record<string, string>

/** The third element of a value under `categorize-labels`. */
interface Categories {
  readonly structuredMetadata?: Labels
  readonly parsed?: Labels
}

interface StreamBody {
  readonly stream: Labels
  readonly values: readonly (readonly [string, string, Categories?])[]
}

interface SeriesBody {
  readonly metric: Labels
  readonly values?: readonly (readonly [number, string])[]
  readonly value?: readonly [number, string]
}

/** The `data` of a query's answer. */
export interface QueryData {
  readonly resultType: 'streams' | 'matrix' | 'vector' | 'scalar'
  readonly result: readonly unknown[]
}

const NONE: Labels = {}
let nextId = 1

/** The rows of a log query's answer, merged over streams in time order. */
export function toRows(data: QueryData, direction: 'backward' | 'forward'): LogRow[] {
  const rows: LogRow[] = []
  const streams = new Map<string, StreamRef>()
  for (const body of data.result as readonly StreamBody[]) {
    const key = labelsKey(body.stream)
    const stream = streams.get(key) ?? { labels: body.stream, key }
    streams.set(key, stream)
    for (const [tsNs, line, categories] of body.values) {
      rows.push({
        id: nextId++,
        tsNs,
        tsMs: Number(tsNs.slice(0, -6)),
        line,
        stream,
        metadata: categories?.structuredMetadata ?? NONE,
        parsed: categories?.parsed ?? NONE,
      })
    }
  }
  return sortRows(rows, direction)
}

/** Sorts rows by time; rows of one time keep the order they came in. */
export function sortRows(rows: LogRow[], direction: 'backward' | 'forward'): LogRow[] {
  const sign = direction === 'backward' ? -1 : 1
  return rows.sort((a, b) => sign * compareNs(a.tsNs, b.tsNs))
}

/** The series of a metric query's answer. A scalar is one series without labels. */
export function toSeries(data: QueryData): Series[] {
  if (data.resultType === 'scalar') {
    const [time, value] = data.result as readonly [number, string]
    return [{ labels: {}, timesMs: [time], values: [Number(value)] }]
  }
  return (data.result as readonly SeriesBody[]).map((body) => {
    const points = body.values ?? (body.value === undefined ? [] : [body.value])
    return {
      labels: body.metric,
      timesMs: points.map(([seconds]) => Math.round(seconds * 1000)),
      values: points.map(([, text]) => Number(text.replace('Inf', 'Infinity'))),
    }
  })
}
