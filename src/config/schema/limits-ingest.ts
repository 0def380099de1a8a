import {
  anything,
  bool,
  float,
  goDuration,
  int,
  listOf,
  mapOf,
  promDuration,
  section,
  size,
  strings,
  text,
  time,
} from '../fields.ts'

/** Label names that become `service_name`, in Loki's order. */
const SERVICE_NAME_LABELS = [
  'service',
  'app',
  'application',
  'app_name',
  'name',
  'app_kubernetes_io_name',
  'container',
  'container_name',
  'k8s_container_name',
  'component',
  'workload',
  'job',
  'k8s_job_name',
]

/** Names that are searched for a level, in Loki's order. */
const LEVEL_FIELDS = [
  'level',
  'LEVEL',
  'Level',
  'log.level',
  'severity',
  'SEVERITY',
  'Severity',
  'SeverityText',
  'lvl',
  'LVL',
  'Lvl',
  'severity_text',
  'Severity_Text',
  'SEVERITY_TEXT',
]

/** One rule of `otlp_config`: what becomes of attributes, by name or by expression. */
const otlpRules = listOf(
  section(
    { goType: 'push.AttributesConfig' },
    { action: text('structured_metadata'), attributes: strings([]), regex: text('') },
  ),
)

/** The keys of `limits_config` that hold while lines come in. */
export const ingestLimits = {
  ingestion_rate_strategy: text('global', 'distributor.ingestion-rate-limit-strategy'),
  ingestion_rate_mb: float(4, 'distributor.ingestion-rate-limit-mb'),
  ingestion_burst_size_mb: float(6, 'distributor.ingestion-burst-size-mb'),
  max_label_name_length: int(1024, 'validation.max-length-label-name'),
  max_label_value_length: int(2048, 'validation.max-length-label-value'),
  max_label_names_per_series: int(15, 'validation.max-label-names-per-series'),
  reject_old_samples: bool(true, 'validation.reject-old-samples'),
  reject_old_samples_max_age: promDuration('1w', 'validation.reject-old-samples.max-age'),
  creation_grace_period: promDuration('10m', 'validation.create-grace-period'),
  max_line_size: size('256KB', 'distributor.max-line-size'),
  max_line_size_truncate: bool(false, 'distributor.max-line-size-truncate'),
  max_line_size_truncate_identifier: text('', 'distributor.max-line-size-truncate-identifier'),
  increment_duplicate_timestamp: bool(false, 'validation.increment-duplicate-timestamps'),
  simulated_push_latency: goDuration('0s', 'limits.simulated-push-latency'),
  discover_service_name: strings(SERVICE_NAME_LABELS, 'validation.discover-service-name'),
  discover_log_levels: bool(true, 'validation.discover-log-levels'),
  log_level_fields: strings(LEVEL_FIELDS, 'validation.log-level-fields'),
  log_level_from_json_max_depth: int(2, 'validation.log-level-from-json-max-depth'),
  use_owned_stream_count: bool(false, 'ingester.use-owned-stream-count'),
  max_streams_per_user: int(0, 'ingester.max-streams-per-user'),
  max_global_streams_per_user: int(5000, 'ingester.max-global-streams-per-user'),
  per_stream_rate_limit: size('3MB', 'ingester.per-stream-rate-limit'),
  per_stream_rate_limit_burst: size('15MB', 'ingester.per-stream-rate-limit-burst'),
  allow_structured_metadata: bool(true, 'validation.allow-structured-metadata'),
  max_structured_metadata_size: size('64KB', 'limits.max-structured-metadata-size'),
  max_structured_metadata_entries_count: int(128, 'limits.max-structured-metadata-entries-count'),
  block_ingestion_until: time('0', 'limits.block-ingestion-until'),
  block_ingestion_status_code: int(260, 'limits.block-ingestion-status-code'),
  enforced_labels: strings([], 'validation.enforced-labels'),
  discover_generic_fields: section(
    { goType: 'validation.FieldDetectorConfig' },
    { fields: mapOf(strings([])) },
  ),
  shard_streams: section(
    { goType: 'shardstreams.Config' },
    {
      enabled: bool(true, 'shard-streams.enabled'),
      time_sharding_enabled: bool(false, 'shard-streams.time-sharding-enabled'),
      time_sharding_ignore_recent: goDuration('40m', 'shard-streams.time-sharding-ignore-recent'),
      logging_enabled: bool(false, 'shard-streams.logging-enabled'),
      desired_rate: size('1536KB', 'shard-streams.desired-rate'),
    },
  ),
  otlp_config: section(
    { goType: 'push.OTLPConfig' },
    {
      resource_attributes: section(
        { goType: 'push.ResourceAttributesConfig' },
        { ignore_defaults: bool(false), attributes_config: otlpRules },
      ),
      scope_attributes: otlpRules,
      log_attributes: otlpRules,
      severity_text_as_label: bool(false),
    },
  ),
  block_ingestion_policy_until: mapOf(time('0')),
  policy_enforced_labels: mapOf(strings([])),
  policy_stream_mapping: mapOf(
    listOf(section({ goType: 'validation.PriorityStream' }, { selector: text(''), priority: int(0) })),
  ),
  policy_override_limits: anything({}),
}
