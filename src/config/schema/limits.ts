import type { z } from 'zod'
import { anything, bool, float, int, listOf, promDuration, section, text } from '../fields.ts'
import { ingestLimits } from './limits-ingest.ts'
import { queryLimits } from './limits-query.ts'

/** The keys of `limits_config` for retention, deletes, rules and patterns. */
const keepingLimits = {
  ruler_max_rules_per_rule_group: int(0, 'ruler.max-rules-per-rule-group'),
  ruler_max_rule_groups_per_tenant: int(0, 'ruler.max-rule-groups-per-tenant'),
  ruler_tenant_shard_size: int(0, 'ruler.tenant-shard-size'),
  ruler_remote_write_disabled: bool(false),
  ruler_remote_evaluation_timeout: promDuration('0s'),
  ruler_remote_evaluation_max_response_size: int(0),
  deletion_mode: text('filter-and-delete', 'compactor.deletion-mode'),
  retention_period: promDuration('0s', 'store.retention'),
  index_gateway_shard_size: int(0, 'index-gateway.shard-size'),
  index_gateway_max_capacity: float(1, 'index-gateway.max-capacity'),
  ingestion_partitions_tenant_shard_size: int(0, 'limits.ingestion-partition-tenant-shard-size'),
  pattern_ingester_tokenizable_json_fields_default: text(
    'log,message,msg,msg_,_msg,content',
    'limits.pattern-ingester-tokenizable-json-fields',
  ),
  pattern_ingester_tokenizable_json_fields_append: text(
    '',
    'limits.pattern-ingester-tokenizable-json-fields-append',
  ),
  pattern_ingester_tokenizable_json_fields_delete: text(
    '',
    'limits.pattern-ingester-tokenizable-json-fields-delete',
  ),
  metric_aggregation_enabled: bool(false, 'limits.aggregation-enabled'),
  pattern_persistence_enabled: bool(false, 'limits.pattern-persistence-enabled'),
  pattern_persistence_granularity: promDuration('0s', 'limits.pattern-persistence-granularity'),
  pattern_rate_threshold: float(1, 'limits.pattern-rate-threshold'),
  s3_sse_type: text(''),
  s3_sse_kms_key_id: text(''),
  s3_sse_kms_encryption_context: text(''),
  debug_engine_tasks: bool(false, 'limits.debug-engine-tasks'),
  debug_engine_streams: bool(false, 'limits.debug-engine-streams'),
  ruler_remote_write_config: anything({}),
  ruler_alertmanager_config: anything({}),
  retention_stream: listOf(
    section(
      { goType: 'validation.StreamRetention' },
      { selector: text(''), priority: int(0), period: promDuration('0s') },
    ),
  ),
}

/** Keys of multi-node features; they are taken and have no effect on one node. */
const unusedLimits = {
  bloom_gateway_enable_filtering: anything(false),
  bloom_creation_enabled: anything(false),
  bloom_build_max_builders: anything(0),
  bloom_build_task_max_retries: anything(3),
  bloom_build_builder_response_timeout: anything('0s'),
  bloom_planning_strategy: anything('split_keyspace_by_factor'),
  bloom_split_series_keyspace_by: anything(256),
  bloom_task_target_series_chunk_size: anything('20GB'),
  bloom_block_encoding: anything('none'),
  bloom_prefetch_blocks: anything(false),
  bloom_max_block_size: anything('200MB'),
  bloom_max_bloom_size: anything('128MB'),
  dataobj_index_compaction_enabled: anything(false),
  dataobj_log_compaction_enabled: anything(false),
}

/** `limits_config`: every limit by its Loki name. Durations are milliseconds, sizes bytes. */
export const limitsSchema = section(
  { goType: 'validation.plain', lenient: true },
  { ...ingestLimits, ...queryLimits, ...keepingLimits, ...unusedLimits },
)

/** The limits of a tenant. */
export type Limits = z.output<typeof limitsSchema>
