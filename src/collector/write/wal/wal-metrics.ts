import { Counter, Gauge, type Registry } from '#base/metrics.ts'

/** What the buffer on disk counts, under Alloy's names; `id` is the endpoint's name. */
export interface WalMetrics {
  readonly bytesWritten: Counter
  readonly lastWritten: Gauge
  readonly sizeBytes: Gauge
  readonly lastReclaimed: Gauge
  readonly lastMarked: Gauge<'id'>
  readonly currentSegment: Gauge<'id'>
  readonly recordsRead: Counter<'id'>
  readonly decodeFailures: Counter<'id'>
  readonly lastRead: Gauge<'id'>
}

/** Registers the metrics of the buffer on disk. */
export function makeWalMetrics(registry: Registry): WalMetrics {
  const registers = [registry]
  const gauge = (name: string, help: string): Gauge =>
    new Gauge({ name: `loki_write_${name}`, help, registers })
  const gaugeById = (name: string, help: string): Gauge<'id'> =>
    new Gauge({ name: `loki_write_${name}`, help, labelNames: ['id'], registers })
  const counterById = (name: string, help: string): Counter<'id'> =>
    new Counter({ name: `loki_write_${name}`, help, labelNames: ['id'], registers })
  return {
    bytesWritten: new Counter({
      ...{ name: 'loki_write_wal_writer_written_bytes_total', registers },
      help: 'Bytes written to the buffer on disk.',
    }),
    lastWritten: gauge('wal_writer_last_written_timestamp', 'When something was written last, in seconds.'),
    sizeBytes: gauge('wal_writer_size_bytes', 'Size of the buffer on disk.'),
    lastReclaimed: gauge('wal_writer_last_reclaimed_segment', 'Number of the segment deleted last.'),
    lastMarked: gaugeById('wal_marker_last_marked_segment', 'The segment up to which all is delivered.'),
    currentSegment: gaugeById('wal_watcher_current_segment', 'The segment that is being read.'),
    recordsRead: counterById('wal_watcher_records_read_total', 'Records read and handed on.'),
    decodeFailures: counterById('wal_watcher_record_decode_failures_total', 'Broken places skipped.'),
    lastRead: gaugeById('last_read_timestamp', 'When something was read last, in seconds.'),
  }
}
