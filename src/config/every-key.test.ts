import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import type { z } from 'zod'
import type { FieldKind } from './fields.ts'
import { loadLokiConfig } from './load.ts'
import { rootSchema } from './schema/root.ts'
import { eachField, schemaNode } from './schema-walk.ts'
import { setAt } from './tree.ts'

// No key of loki.yaml is ignored without a word: what sets it is either read by the file that is named here,
// or said to have no effect when the server starts.

/** The files that act on keys, and the keys; a section stands for all that is in it. */
const READ_BY: Readonly<Record<string, readonly string[]>> = {
  'server/http/tenant.ts': ['auth_enabled', 'no_auth_tenant'],
  'cli/serve.ts': ['shutdown_delay', 'target', 'server.log_level', 'server.log_format'],
  'server/routes/tenant-limits.ts': ['tenant_limits_allow_publish'],
  'config/access-file.ts': ['access.file'],
  'server/access/access-rules.ts': ['access.clients', 'access.anonymous', 'access.open_paths'],
  'server/store-settings.ts': [
    'disk_budget.max_disk',
    'disk_budget.min_free_disk',
    'ingester.max_chunk_age',
    'compactor.compaction_interval',
    'compactor.retention_enabled',
    'compactor.apply_retention_interval',
    'compactor.retention_delete_delay',
    'compactor.delete_request_cancel_period',
    'compactor.delete_batch_size',
    'limits_config.deletion_mode',
  ],
  'config/scan-workers.ts': ['scan.workers'],
  'server/scan-workers/with-scan-workers.ts': ['scan.workers'],
  'server/server.ts': [
    'server.http_listen_address',
    'server.http_listen_port',
    'server.http_listen_conn_limit',
    'server.http_server_read_timeout',
    'server.http_server_read_header_timeout',
    'server.http_server_idle_timeout',
    'server.http_path_prefix',
    'distributor.max_inflight_bytes',
    'ruler.enable_api',
  ],
  'server/http/tls-options.ts': [
    'cert',
    'key',
    'client_ca',
    'cert_file',
    'key_file',
    'client_auth_type',
    'client_ca_file',
  ].map((key) => `server.http_tls_config.${key}`),
  'server/routes/admin-table.ts': ['server.register_instrumentation'],
  'config/derive.ts': [
    'common.path_prefix',
    'common.persist_tokens',
    'common.storage.filesystem.chunks_directory',
    'common.storage.filesystem.rules_directory',
  ],
  'config/directories.ts': [
    'storage_config.filesystem.directory',
    'storage_config.object_store.filesystem.dir',
  ],
  'config/validate-schema.ts': ['schema_config.configs', 'common.storage.object_store'],
  'server/routes/push.ts': ['distributor.max_recv_msg_size', 'distributor.max_decompressed_size'],
  'server/otlp/attribute-rules.ts': [
    'distributor.otlp_config.default_resource_attributes_as_index_labels',
    'limits_config.otlp_config.resource_attributes.ignore_defaults',
    'limits_config.otlp_config.resource_attributes.attributes_config',
    'limits_config.otlp_config.scope_attributes',
    'limits_config.otlp_config.log_attributes',
    'limits_config.otlp_config.severity_text_as_label',
  ],
  'server/routes/status.ts': ['ingester.lifecycler.min_ready_duration'],
  'server/push/pusher.ts': [
    'ingester.chunk_idle_period',
    'ingester.max_returned_stream_errors',
    'limits_config.ingestion_rate_mb',
    'limits_config.ingestion_burst_size_mb',
    'limits_config.log_level_from_json_max_depth',
    'limits_config.block_ingestion_until',
    'limits_config.block_ingestion_status_code',
  ],
  'server/push/stream-labels.ts': [
    'limits_config.max_label_name_length',
    'limits_config.max_label_value_length',
    'limits_config.max_label_names_per_series',
    'limits_config.discover_service_name',
    'limits_config.enforced_labels',
  ],
  'server/push/entry-checks.ts': [
    'limits_config.reject_old_samples',
    'limits_config.reject_old_samples_max_age',
    'limits_config.creation_grace_period',
    'limits_config.max_line_size',
    'limits_config.max_line_size_truncate',
    'limits_config.max_line_size_truncate_identifier',
    'limits_config.allow_structured_metadata',
    'limits_config.max_structured_metadata_size',
    'limits_config.max_structured_metadata_entries_count',
  ],
  'server/push/assemble.ts': [
    'limits_config.increment_duplicate_timestamp',
    'limits_config.discover_log_levels',
    'limits_config.log_level_fields',
  ],
  'server/push/active-streams.ts': [
    'limits_config.max_streams_per_user',
    'limits_config.max_global_streams_per_user',
    'limits_config.per_stream_rate_limit',
    'limits_config.per_stream_rate_limit_burst',
  ],
  'server/tenants/ingestion-policy.ts': [
    'limits_config.block_ingestion_policy_until',
    'limits_config.policy_enforced_labels',
    'limits_config.policy_stream_mapping',
  ],
  'server/routes/patterns.ts': [
    'pattern_ingester.enabled',
    'pattern_ingester.max_clusters',
    'pattern_ingester.max_eviction_ratio',
    'pattern_ingester.max_allowed_line_length',
  ],
  'server/patterns/message-keys.ts': [
    'limits_config.pattern_ingester_tokenizable_json_fields_default',
    'limits_config.pattern_ingester_tokenizable_json_fields_append',
    'limits_config.pattern_ingester_tokenizable_json_fields_delete',
  ],
  'server/routes/tail.ts': ['querier.tail_max_duration', 'limits_config.max_concurrent_tail_requests'],
  'server/query/run-query.ts': [
    'querier.multi_tenant_queries_enabled',
    'querier.per_request_limits_enabled',
    'frontend.compress_responses',
    'frontend.log_queries_longer_than',
    'limits_config.query_timeout',
  ],
  'server/query/request.ts': ['frontend.max_body_size'],
  'server/query/query-bounds.ts': [
    'querier.max_concurrent',
    'query_range.results_cache.cache.embedded_cache.max_size_mb',
    'frontend.max_outstanding_per_tenant',
    'query_scheduler.max_outstanding_requests_per_tenant',
  ],
  'server/query/check-limits.ts': [
    'limits_config.max_query_lookback',
    'limits_config.max_query_length',
    'limits_config.max_query_range',
    'limits_config.max_query_parallelism',
    'limits_config.tsdb_max_query_parallelism',
    'limits_config.max_streams_matchers_per_query',
    'limits_config.required_labels',
    'limits_config.minimum_labels_number',
    'limits_config.blocked_queries',
  ],
  'server/query/engine-limits.ts': ['limits_config.max_query_series'],
  'server/routes/query.ts': ['limits_config.max_entries_limit_per_query'],
  'server/query/check-bytes.ts': [
    'limits_config.max_query_bytes_read',
    'limits_config.max_querier_bytes_read',
  ],
  'server/routes/index-stats.ts': ['limits_config.volume_enabled', 'limits_config.volume_max_series'],
  'server/routes/rules.ts': [
    'limits_config.ruler_max_rules_per_rule_group',
    'limits_config.ruler_max_rule_groups_per_tenant',
  ],
  'server/ruler/remote-writers.ts': [
    'ruler.wal.max_age',
    'ruler.remote_write.enabled',
    'ruler.remote_write.clients',
    'ruler.remote_write.client',
    'ruler.remote_write.add_org_id_header',
    'limits_config.ruler_remote_write_disabled',
    'limits_config.ruler_remote_write_config',
  ],
  'server/ruler/receivers.ts': [
    'ruler.alertmanager_url',
    'ruler.enable_alertmanager_v2',
    'ruler.webhooks',
    'ruler.notification_timeout',
    'ruler.alertmanager_client',
    'ruler.alert_relabel_configs',
    'limits_config.ruler_alertmanager_config',
  ],
  'server/ruler/ruler.ts': [
    'ruler.evaluation_interval',
    'ruler.poll_interval',
    'ruler.notification_queue_capacity',
    'ruler.for_outage_tolerance',
    'ruler.for_grace_period',
    'ruler.resend_delay',
    'ruler.disable_rule_group_label',
    'ruler.evaluation.max_jitter',
    'ruler.external_url',
    'ruler.datasource_uid',
    'ruler.enabled_tenants',
    'ruler.disabled_tenants',
  ],
  'config/rules/rules-location.ts': [
    'ruler.storage.local.directory',
    'ruler_storage.backend',
    'ruler_storage.filesystem.dir',
    'ruler_storage.local.directory',
  ],
  'server/routes/delete.ts': ['compactor.delete_max_interval', 'compactor.delete_request_cancel_period'],
  'server/retention-rules.ts': ['limits_config.retention_period', 'limits_config.retention_stream'],
  'server/tenant-limits.ts': ['runtime_config.file', 'runtime_config.period'],
}

const SOURCES = fileURLToPath(new URL('..', import.meta.url))

const readBy = new Map<string, string[]>()
for (const [file, keys] of Object.entries(READ_BY)) {
  for (const key of keys) readBy.set(key, [...(readBy.get(key) ?? []), file])
}

/** A value that is not the default, for each kind of key. */
const OTHER: Readonly<Record<FieldKind, readonly unknown[]>> = {
  string: ['other'],
  bool: [true, false],
  int: [7],
  float: [0.125],
  size: ['7MB'],
  goDuration: ['7s'],
  promDuration: ['7s'],
  time: ['2031-01-01'],
  csv: ['a,b'],
  strings: [['a']],
  any: [{ other: 'x' }, [{}], 'other'],
}

type Setting = readonly [path: readonly string[], value: unknown]

/** What is said at the start where some keys are set. */
function toldOf(settings: readonly Setting[]): string[] {
  const tree = { common: { path_prefix: '/x' } }
  for (const [path, value] of settings) setAt(tree, [...path], value)
  const { notes, warnings } = loadLokiConfig({ text: JSON.stringify(tree), skipValidation: true })
  return [...notes, ...warnings].map(({ message }) => message)
}

/** Those of the messages that name a key, or a section around it. */
function about(path: readonly string[], messages: readonly string[]): string[] {
  const names = path.map((_, i) => path.slice(0, i + 1).join('.'))
  return messages.filter((message) => names.some((name) => new RegExp(`\`${name}(?:\`|\\.)`).test(message)))
}

/** Whether something is said of a key that has whichever value it takes. */
function isTold(path: readonly string[], kind: FieldKind, initial: unknown): boolean {
  for (const value of OTHER[kind]) {
    if (value === initial) continue
    try {
      return about(path, toldOf([[path, value]])).length > 0
    } catch {
      // Not a value for this key: the next.
    }
  }
  throw new Error(`no value is right for ${path.join('.')}`)
}

function isRead(path: readonly string[]): boolean {
  return path.some((_, i) => readBy.has(path.slice(0, i + 1).join('.')))
}

describe('every key of loki.yaml', () => {
  test('is acted upon, or said to have no effect where it is set', () => {
    const unread: { path: readonly string[]; kind: FieldKind; initial: unknown }[] = []
    eachField(rootSchema, (path, { kind, initial }) => {
      if (!isRead(path)) unread.push({ path, kind, initial })
    })
    // All together first, which is quick; those that nothing is said of are looked at by themselves.
    const simple = unread.filter(({ kind }) => kind !== 'any' && kind !== 'bool')
    const together = toldOf(simple.map(({ path, kind }): Setting => [path, OTHER[kind][0]]))
    const silent = unread
      .filter(({ path }) => about(path, together).length === 0)
      .filter(({ path, kind, initial }) => !isTold(path, kind, initial))
      .map(({ path }) => path.join('.'))
    expect(silent).toEqual([])
  })

  test('that is acted upon is named in the file that is said to do so', () => {
    const known = new Set<string>()
    eachField(rootSchema, (path) => {
      for (let i = 1; i <= path.length; i++) known.add(path.slice(0, i).join('.'))
    })
    for (const [key, files] of readBy) {
      expect(known, 'a key of the tables').toContain(key)
      for (const file of files) {
        const name = key.split('.').at(-1) ?? key
        expect(readFileSync(`${SOURCES}${file}`, 'utf8'), `${key} in ${file}`).toMatch(
          new RegExp(`\\b${name}\\b`),
        )
      }
    }
  })

  test('is noted where a section takes it without listing it', () => {
    const silent: string[] = []
    const visit = (schema: z.ZodType, path: readonly string[]): void => {
      const { shape, meta } = schemaNode(schema)
      if (shape === undefined) return
      for (const name of meta.tolerate === undefined ? [] : tolerated(meta.tolerate)) {
        if (isRead(path) || name in shape) continue
        const key = [...path, name]
        if (about(key, toldOf([[key, 'x']])).length !== 1) silent.push([...path, name].join('.'))
      }
      for (const [key, child] of Object.entries(shape)) visit(child, [...path, key])
    }
    visit(rootSchema, [])
    expect(silent).toEqual([])
  })
})

/** Names that a pattern of tolerated keys lets through: each of its alternatives. */
function tolerated(pattern: RegExp): string[] {
  const [, start, list] = /^\^(\w*)\(\?:([\w|]+)\)\$?$/.exec(pattern.source) ?? []
  const names =
    list === undefined ? ['anything'] : list.split('|').map((name) => start + name.replace(/_$/, '_x'))
  for (const name of names) expect(name).toMatch(pattern)
  return names
}
