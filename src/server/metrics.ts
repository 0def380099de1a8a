import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { LOKI_VERSION, VERSION } from '#base/version.ts'
import type { StoreStatus } from '#store/store-answers.ts'
import type { LogStore } from '#store/types.ts'

/** What the server counts, under Loki's names where dashboards use them. */
export interface ServerMetrics {
  readonly registry: Registry
  readonly requestSeconds: Histogram<'method' | 'route' | 'status_code' | 'ws'>
  readonly bytesReceived: Counter<'tenant' | 'retention_hours' | 'is_internal_stream' | 'policy' | 'format'>
  readonly linesReceived: Counter<'tenant' | 'is_internal_stream' | 'policy' | 'format'>
  readonly discardedLines: Counter<'reason' | 'tenant' | 'retention_hours' | 'policy' | 'format'>
  readonly discardedBytes: Counter<'reason' | 'tenant' | 'retention_hours' | 'policy' | 'format'>
  readonly duplicates: Counter<'tenant'>
  readonly activeTails: Gauge
}

/** Where the gauges read their values when they are asked. */
export interface MetricSources {
  readonly memoryStreams: () => number
  readonly runtimeConfigOk: () => boolean
  /** What says of itself how much it does and keeps. */
  readonly store: Pick<LogStore, 'stats' | 'status'>
}

/** A registry of its own, so that several servers can live in one process. */
export function makeServerMetrics(options: MetricSources): ServerMetrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const registers = [registry]
  registerGauges(registry, options)
  registerStoreGauges(registry, () => options.store.stats?.() ?? {})
  registerDayGauges(registry, options.store)
  const discarded = ['reason', 'tenant', 'retention_hours', 'policy', 'format'] as const
  return {
    registry,
    requestSeconds: new Histogram({
      name: 'loki_request_duration_seconds',
      help: 'Time spent serving HTTP requests.',
      labelNames: ['method', 'route', 'status_code', 'ws'],
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100],
      registers,
    }),
    bytesReceived: new Counter({
      name: 'loki_distributor_bytes_received_total',
      help: 'Uncompressed bytes of lines received per tenant.',
      labelNames: ['tenant', 'retention_hours', 'is_internal_stream', 'policy', 'format'],
      registers,
    }),
    linesReceived: new Counter({
      name: 'loki_distributor_lines_received_total',
      help: 'Lines received per tenant.',
      labelNames: ['tenant', 'is_internal_stream', 'policy', 'format'],
      registers,
    }),
    discardedLines: new Counter({
      name: 'loki_discarded_samples_total',
      help: 'Lines that were discarded, by reason.',
      labelNames: discarded,
      registers,
    }),
    discardedBytes: new Counter({
      name: 'loki_discarded_bytes_total',
      help: 'Bytes that were discarded, by reason.',
      labelNames: discarded,
      registers,
    }),
    duplicates: new Counter({
      name: 'logboom_duplicate_lines_total',
      help: 'Lines dropped because the very same line was there already.',
      labelNames: ['tenant'],
      registers,
    }),
    activeTails: new Gauge({
      name: 'loki_querier_tail_active',
      help: 'Number of active tailers.',
      registers,
    }),
  }
}

/** What the store says of itself, each number as `logboom_store_…`. */
function registerStoreGauges(registry: Registry, storeStats: () => object): void {
  for (const [key, first] of Object.entries(storeStats())) {
    if (typeof first !== 'number') continue
    new Gauge({
      name: `logboom_store_${key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`,
      help: `The store's ${key}: since its start, or now.`,
      registers: [registry],
      collect() {
        this.set(Number(new Map<string, unknown>(Object.entries(storeStats())).get(key)))
      },
    })
  }
}

type DayStatus = StoreStatus['tenants'][number]['days'][number]

/** What is on disk, by tenant and day. */
function registerDayGauges(registry: Registry, store: MetricSources['store']): void {
  const register = (name: string, help: string, read: (day: DayStatus) => number): void => {
    new Gauge({
      name,
      help,
      labelNames: ['tenant', 'day'],
      registers: [registry],
      collect() {
        this.reset()
        for (const { tenant, days } of store.status?.().tenants ?? []) {
          for (const each of days) this.set({ tenant, day: each.day }, read(each))
        }
      },
    })
  }
  register('logboom_store_day_lines', 'Lines in segments, by tenant and day (UTC).', ({ rows }) => rows)
  const bytesHelp = 'Bytes of segments on disk, by tenant and day (UTC).'
  register('logboom_store_day_bytes', bytesHelp, ({ sizeBytes }) => sizeBytes)
}

function registerGauges(registry: Registry, options: MetricSources): void {
  const registers = [registry]
  new Gauge({
    name: 'loki_build_info',
    help: 'The Loki version whose behaviour this server reproduces, and its own.',
    labelNames: ['version', 'revision', 'branch', 'goversion', 'logboom'],
    registers,
  }).set({ version: LOKI_VERSION, revision: '', branch: '', goversion: '', logboom: VERSION }, 1)
  new Gauge({
    name: 'loki_ingester_memory_streams',
    help: 'Streams that have been pushed to of late.',
    registers,
    collect() {
      this.set(options.memoryStreams())
    },
  })
  new Gauge({
    name: 'loki_runtime_config_last_reload_successful',
    help: 'Whether the runtime config could be read the last time.',
    registers,
    collect() {
      this.set(options.runtimeConfigOk() ? 1 : 0)
    },
  })
}
