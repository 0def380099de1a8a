import { anything, bool, float, goDuration, int, section, size, strings, text } from '../fields.ts'
import { ringSchema } from './server.ts'

/** Resource attributes that become stream labels on the OTLP route unless configured otherwise. */
const INDEXED_RESOURCE_ATTRIBUTES = [
  'service.name',
  'service.namespace',
  'service.instance.id',
  'deployment.environment',
  'deployment.environment.name',
  'cloud.region',
  'cloud.availability_zone',
  'k8s.cluster.name',
  'k8s.namespace.name',
  'k8s.pod.name',
  'k8s.container.name',
  'container.name',
  'k8s.replicaset.name',
  'k8s.deployment.name',
  'k8s.statefulset.name',
  'k8s.daemonset.name',
  'k8s.cronjob.name',
  'k8s.job.name',
]

/** `distributor`: what a push may be. */
export const distributorSchema = section(
  {
    goType: 'distributor.Config',
    tolerate: /^(?:rate_store|write_failures_|otlp_attribute_|ingest_limits_|dataobj_tee|circuit_breaker)/,
  },
  {
    ring: ringSchema,
    max_recv_msg_size: int(104_857_600, 'distributor.max-recv-msg-size'),
    max_decompressed_size: int(5_242_880_000, 'distributor.max-decompressed-size'),
    max_inflight_bytes: int(0, 'distributor.max-inflight-bytes'),
    push_worker_count: int(256, 'distributor.push-worker-count'),
    otlp_config: section(
      { goType: 'push.GlobalOTLPConfig' },
      {
        default_resource_attributes_as_index_labels: strings(
          INDEXED_RESOURCE_ATTRIBUTES,
          'distributor.otlp.default_resource_attributes_as_index_labels',
        ),
      },
    ),
    default_policy_stream_mappings: anything({}),
    kafka_writes_enabled: bool(false, 'distributor.kafka-writes-enabled'),
    ingester_writes_enabled: bool(true, 'distributor.ingester-writes-enabled'),
  },
)

/** `ingester`: how lines are kept before they reach a segment. */
export const ingesterSchema = section(
  {
    goType: 'ingester.Config',
    tolerate:
      /^(?:autoforget_unhealthy|shutdown_marker_path|owned_streams_check_interval|kafka_ingestion|sync_min)/,
  },
  {
    lifecycler: section(
      { goType: 'ring.LifecyclerConfig', tolerate: /./ },
      {
        ring: ringSchema,
        min_ready_duration: goDuration('15s', 'ingester.min-ready-duration'),
        final_sleep: goDuration('0s', 'ingester.final-sleep'),
      },
    ),
    chunk_idle_period: goDuration('30m', 'ingester.chunks-idle-period'),
    chunk_retain_period: goDuration('0s', 'ingester.chunks-retain-period'),
    chunk_block_size: int(262_144, 'ingester.chunks-block-size'),
    chunk_target_size: int(1_572_864, 'ingester.chunk-target-size'),
    chunk_encoding: text('gzip', 'ingester.chunk-encoding'),
    max_chunk_age: goDuration('2h', 'ingester.max-chunk-age'),
    sync_period: goDuration('1h', 'ingester.sync-period'),
    concurrent_flushes: int(32, 'ingester.concurrent-flushes'),
    flush_check_period: goDuration('30s', 'ingester.flush-check-period'),
    flush_op_timeout: goDuration('10m', 'ingester.flush-op-timeout'),
    flush_op_backoff: section(
      { goType: 'backoff.Config' },
      { min_period: goDuration('10s'), max_period: goDuration('1m'), max_retries: int(10) },
    ),
    max_returned_stream_errors: int(10, 'ingester.max-ignored-stream-errors'),
    query_store_max_look_back_period: goDuration('0s', 'ingester.query-store-max-look-back-period'),
    wal: section(
      { goType: 'ingester.WALConfig' },
      {
        enabled: bool(true, 'ingester.wal-enabled'),
        dir: text('wal', 'ingester.wal-dir'),
        checkpoint_duration: goDuration('5m', 'ingester.checkpoint-duration'),
        flush_on_shutdown: bool(false, 'ingester.flush-on-shutdown'),
        replay_memory_ceiling: size('4GB', 'ingester.wal-replay-memory-ceiling'),
        disk_full_threshold: float(0.9, 'ingester.wal-disk-full-threshold'),
      },
    ),
    index_shards: int(32, 'ingester.index-shards'),
    max_dropped_streams: int(10, 'ingester.tailer.max-dropped-streams'),
    delegate_stream_limits_enabled: bool(false, 'ingester.delegate-stream-limits'),
  },
)

/** `pattern_ingester`: whether `/patterns` answers. */
export const patternIngesterSchema = section(
  {
    goType: 'pattern.Config',
    tolerate: /^(?:metric_aggregation|pattern_persistence|tee_config|client_config)$/,
  },
  {
    enabled: bool(false, 'pattern-ingester.enabled'),
    max_clusters: int(300, 'pattern-ingester.max-clusters'),
    max_eviction_ratio: float(0.25, 'pattern-ingester.max-eviction-ratio'),
    retain_for: goDuration('3h', 'pattern-ingester.retain-for'),
    max_chunk_age: goDuration('1h', 'pattern-ingester.max-chunk-age'),
    pattern_sample_interval: goDuration('10s', 'pattern-ingester.pattern-sample-interval'),
    volume_threshold: float(0.99, 'pattern-ingester.volume-threshold'),
    max_allowed_line_length: int(3000),
    flush_check_period: goDuration('1m'),
    concurrent_flushes: int(32),
    connection_timeout: goDuration('2s'),
    lifecycler: section(
      { goType: 'ring.LifecyclerConfig', tolerate: /./ },
      { ring: section({ goType: 'ring.Config', tolerate: /./ }, { replication_factor: int(1) }) },
    ),
  },
)
