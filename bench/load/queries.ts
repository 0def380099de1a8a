import { createHash } from 'node:crypto'
import type { Corpus } from './corpus.ts'

/** A query of the table. */
export interface BenchQuery {
  readonly name: string
  readonly query: string
  /** Digest of what Grafana Loki 3.8 answers on the 64 MB corpus of six hours with seed 7. */
  readonly expected: string
  /** CPU seconds on that corpus that this project holds itself to. */
  readonly goalCpuS: number
}

/** What people ask of logs, on a corpus. */
export function benchQueries({ needle }: Corpus): BenchQuery[] {
  const nginx = '<_> - - <_> \\"<method> <path> <_>\\" <status> <_>'
  const query = (name: string, expected: string, goalCpuS: number, text: string): BenchQuery => {
    return { name, query: text, expected, goalCpuS }
  }
  return [
    query('needle, one service', '8d43956c', 0.005, `{service="order-api"} |= "${needle}"`),
    query('needle, whole corpus', '8d43956c', 0.005, `{env="prod"} |= "${needle}"`),
    query('needle absent', '97d170e1', 0.003, '{env="prod"} |= "zz-never-here-zz"'),
    query('json field =', 'c29255a4', 0.006, `{service="order-api"} | json | request_id="${needle}"`),
    query('regex (?i)', '97d170e1', 0.25, '{env="prod"} |~ "(?i)PAYMENT\\\\s+declined.*zzz"'),
    query('last 100 lines', '96a909b4', 0.01, '{service="web-gateway"}'),
    query('last 100 errors', 'a3a7c72a', 0.01, '{service="fulfillment-worker"} | json | level="error"'),
    query('count by service', '31e65dd3', 0.01, 'sum by (service) (count_over_time({env="prod"}[5m]))'),
    query('rate with filter', '631c1cc9', 0.04, 'sum by (service) (rate({env="prod"} |= "error" [5m]))'),
    query(
      'json group',
      'e3687bd6',
      0.01,
      'sum by (level) (count_over_time({service="fulfillment-worker"} | json [5m]))',
    ),
    query(
      'json unwrap p99',
      'c441fdbf',
      0.04,
      'quantile_over_time(0.99, {service=~"web-gateway|order-api"} | json | unwrap duration_ms [5m])' +
        ' by (service)',
    ),
    query(
      'logfmt unwrap sum',
      'cc3614fc',
      0.03,
      'sum by (component) (sum_over_time({service="loki"} | logfmt | unwrap bytes [5m]))',
    ),
    query(
      'pattern topk',
      'e025f345',
      0.04,
      `topk(3, sum by (status) (count_over_time({service="nginx"} | pattern "${nginx}" [5m])))`,
    ),
    query(
      '5xx of json',
      'c65e7602',
      0.012,
      'sum(count_over_time({service=~"web-gateway|order-api"} | json | status>=500 [5m]))',
    ),
  ]
}

interface Answer {
  readonly data?: {
    readonly result: readonly {
      readonly stream?: Record<string, string>
      readonly metric?: Record<string, string>
      readonly values?: readonly (readonly [unknown, string])[]
      readonly value?: readonly [unknown, string]
    }[]
    readonly stats?: {
      readonly querier?: {
        readonly store?: { readonly totalChunksRef?: number; readonly totalChunksDownloaded?: number }
      }
    }
  }
}

/** What one run of a query gave. */
export interface Asked {
  readonly digest: string
  readonly values: number
  readonly ms: number
  /** Share of the blocks in range that were not read, 0 … 1; undefined where the server does not tell. */
  readonly pruned: number | undefined
}

/** Labels that servers add by themselves. */
const HIDDEN = new Set(['service_name', 'detected_level', '__error__', '__error_details__'])

/** Runs a query over the whole corpus. @throws Error with the server's answer when it is not a success */
export async function ask(baseUrl: string, { query }: BenchQuery, corpus: Corpus): Promise<Asked> {
  const parameters = new URLSearchParams({
    query,
    start: `${corpus.startMs - 1000}000000`,
    end: `${corpus.endMs + 1000}000000`,
    limit: '100',
    step: '60',
    direction: 'backward',
  })
  const startedMs = performance.now()
  const response = await fetch(`${baseUrl}/loki/api/v1/query_range?${parameters}`, {
    headers: { 'cache-control': 'no-cache' },
  })
  const text = await response.text()
  const ms = performance.now() - startedMs
  if (!response.ok) throw new Error(`${response.status} ${text.slice(0, 200)}`)
  const answer = JSON.parse(text) as Answer
  const store = answer.data?.stats?.querier?.store
  const found = store?.totalChunksRef ?? 0
  return {
    digest: createHash('sha1').update(canonical(answer)).digest('hex').slice(0, 8),
    values: answer.data?.result.reduce((sum, { values }) => sum + (values?.length ?? 1), 0) ?? 0,
    ms,
    pruned: found === 0 ? undefined : 1 - (store?.totalChunksDownloaded ?? found) / found,
  }
}

/** An answer as a text that does not depend on the order in which a server happens to give it. */
function canonical(answer: Answer): string {
  const bySeries = new Map<string, (readonly [unknown, string])[]>()
  for (const { stream, metric, values, value } of answer.data?.result ?? []) {
    const labels = Object.entries(stream ?? metric ?? {}).filter(([name]) => !HIDDEN.has(name))
    const key = JSON.stringify(labels.sort())
    const points = values ?? (value === undefined ? [] : [value])
    bySeries.set(key, (bySeries.get(key) ?? []).concat(points))
  }
  const rows = [...bySeries].map(([key, points]) => {
    return key + JSON.stringify(points.map((point) => JSON.stringify(point.slice(0, 2))).sort())
  })
  return JSON.stringify(rows.sort())
}
