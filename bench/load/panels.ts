/** One panel of a dashboard: a request that Grafana sends at each refresh. */
export interface Panel {
  readonly name: string
  readonly path: 'query_range' | 'query' | 'index/volume_range'
  readonly query: string
  /** Lines wanted. */
  readonly limit?: number
}

/** A dashboard: its panels, and the time they show. */
export interface Dashboard {
  readonly panels: readonly Panel[]
  readonly rangeMs: number
  readonly stepMs: number
}

/** Services whose lines are JSON objects with status and duration. */
const HTTP_SERVICES = ['web-gateway', 'order-api']
const SERVICES = ['web-gateway', 'order-api', 'fulfillment-worker', 'nginx', 'postgres', 'billing', 'loki']
const HOUR_MS = 3_600_000

/**
 * Dashboards such as people make of these logs: of one service each, every third over six hours.
 * `manyPaths`: one panel groups by paths with numbers in them, of which there are some 90,000.
 */
export function makeDashboards(count: number, manyPaths: boolean): Dashboard[] {
  return Array.from({ length: count }, (_, i): Dashboard => {
    const isLong = i % 3 === 2
    return {
      panels: panelsOf(SERVICES[i % SERVICES.length], HTTP_SERVICES[i % HTTP_SERVICES.length], manyPaths),
      rangeMs: isLong ? 6 * HOUR_MS : HOUR_MS,
      // About as many points as a panel is wide.
      stepMs: isLong ? 60_000 : 10_000,
    }
  })
}

function panelsOf(service: string, http: string, manyPaths: boolean): Panel[] {
  const own = `{env="prod", service="${service}"}`
  const json = `{env="prod", service="${http}"} | json`
  const p99 = `quantile_over_time(0.99, ${json} | unwrap duration_ms [5m]) by (service)`
  const range = (name: string, query: string): Panel => ({ name, path: 'query_range', query })
  return [
    range('rate by service', 'sum by (service) (rate({env="prod"}[1m]))'),
    range('lines by level', `sum by (detected_level) (count_over_time(${own}[1m]))`),
    range('rate of errors', `sum(rate(${own} |~ "(?i)error" [5m]))`),
    range('bytes by container', `sum by (container) (bytes_rate(${own}[5m]))`),
    range('p99 of durations', p99),
    range('5xx', `sum(count_over_time(${json} | status>=500 [5m]))`),
    manyPaths
      ? range('top paths', `topk(5, sum by (path) (count_over_time(${json} [5m])))`)
      : range('top answers', `topk(5, sum by (method, status) (count_over_time(${json} [5m])))`),
    range('errors by component', 'sum by (component) (rate({service="loki"} | logfmt | level="error" [5m]))'),
    { name: 'errors, lines', path: 'query_range', query: `${own} |= "error"`, limit: 100 },
    { name: 'last lines', path: 'query_range', query: own, limit: 100 },
    {
      name: 'timeouts, number',
      path: 'query',
      query: 'sum(count_over_time({env="prod"} |= "timed out" [1h]))',
    },
    { name: 'volume', path: 'index/volume_range', query: '{env="prod"}' },
  ]
}
