import { Counter, Histogram, type Registry } from '#base/metrics.ts'

/** Why entries were dropped. */
export const DROP_REASONS = [
  'ingester_error',
  'rate_limited',
  'stream_limited',
  'line_too_long',
  'queue_is_full',
  'wal_expired',
  'wal_full',
] as const

/** One of {@link DROP_REASONS}. */
export type DropReason = (typeof DROP_REASONS)[number]

/** Those of the buffer on disk: unsent for too long, or too much for it. */
export type WalDropReason = 'wal_expired' | 'wal_full'

/** What loki.write counts, under Alloy's names. */
export interface WriteMetrics {
  sent(host: string, tenant: string, entries: number, bytes: number, newestMs: number): void
  dropped(host: string, tenant: string, reason: DropReason, entries: number, bytes: number): void
  retried(host: string, tenant: string): void
  request(host: string, tenant: string, status: number, seconds: number, sizeBytes: number): void
  /** Creates the series of a tenant at zero, so that rates are right from the first event on. */
  expect(host: string, tenant: string): void
}

const BY_TENANT = ['host', 'tenant'] as const

/** Registers the metrics of loki.write. */
export function makeWriteMetrics(registry: Registry): WriteMetrics {
  const registers = [registry]
  const counter = (name: string, help: string, extra: readonly string[] = []): Counter<string> =>
    new Counter({ name: `loki_write_${name}`, help, labelNames: [...BY_TENANT, ...extra], registers })
  const sentBytes = counter('sent_bytes_total', 'Number of bytes sent.')
  const sentEntries = counter('sent_entries_total', 'Number of log entries sent to the ingester.')
  const droppedBytes = counter('dropped_bytes_total', 'Bytes dropped, by reason.', ['reason'])
  const droppedEntries = counter('dropped_entries_total', 'Log entries dropped, by reason.', ['reason'])
  const retries = counter('batch_retries_total', 'Number of times batches had to be retried.')
  const sizes = new Histogram({
    name: 'loki_write_request_size_bytes',
    help: 'Size of the compressed requests.',
    labelNames: [...BY_TENANT],
    buckets: [1024, 4096, 16384, 65536, 262144, 1048576, 4194304],
    registers,
  })
  const latency = new Histogram({
    name: 'loki_write_entry_propagation_latency_seconds',
    help: 'Time between the newest entry of a batch and its arrival at the server.',
    labelNames: [...BY_TENANT],
    buckets: [0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300, 900, 3600],
    registers,
  })
  const duration = new Histogram({
    name: 'loki_write_request_duration_seconds',
    help: 'Duration of send requests.',
    labelNames: ['status_code', ...BY_TENANT],
    registers,
  })
  return {
    sent(host, tenant, entries, bytes, newestMs) {
      sentEntries.inc({ host, tenant }, entries)
      sentBytes.inc({ host, tenant }, bytes)
      latency.observe({ host, tenant }, Math.max(0, Date.now() - newestMs) / 1000)
    },
    dropped(host, tenant, reason, entries, bytes) {
      droppedEntries.inc({ host, tenant, reason }, entries)
      droppedBytes.inc({ host, tenant, reason }, bytes)
    },
    retried: (host, tenant) => retries.inc({ host, tenant }),
    request(host, tenant, status, seconds, sizeBytes) {
      duration.observe({ status_code: status, host, tenant }, seconds)
      sizes.observe({ host, tenant }, sizeBytes)
    },
    expect(host, tenant) {
      for (const total of [sentBytes, sentEntries, retries]) total.inc({ host, tenant }, 0)
      for (const reason of DROP_REASONS) {
        droppedBytes.inc({ host, tenant, reason }, 0)
        droppedEntries.inc({ host, tenant, reason }, 0)
      }
    },
  }
}
