import { anything, bool, goDuration, int, listOf, section, text } from '../fields.ts'
import { ringSchema } from './server.ts'

/**
 * `schema_config`: which format holds from when. Logboom has one format; the section is validated as Loki
 * does.
 */
export const schemaConfigSchema = section(
  { goType: 'config.SchemaConfig' },
  {
    configs: listOf(
      section(
        { goType: 'config.PeriodConfig' },
        {
          from: text(''),
          store: text(''),
          object_store: text(''),
          schema: text(''),
          index: section(
            { goType: 'config.IndexPeriodicTableConfig' },
            { prefix: text(''), period: text('0s'), path_prefix: text('index/') },
          ),
        },
      ),
    ),
  },
)

const IGNORED_STORAGE_KEYS = new RegExp(
  '^(?:aws|azure|gcs|gcp|swift|bos|alibabacloud|cos|named_stores|hedging|congestion_control|' +
    'object_prefix|max_|bloom_|disable_broad|grpc_store)',
)

/** `storage_config`: where data lies. Of it, only the directories mean anything to the embedded store. */
export const storageConfigSchema = section(
  {
    goType: 'storage.Config',
    tolerate: IGNORED_STORAGE_KEYS,
  },
  {
    use_thanos_objstore: bool(true, 'use-thanos-objstore'),
    object_store: section(
      { goType: 'bucket.ConfigWithNamedStores', tolerate: /./ },
      {
        filesystem: section(
          { goType: 'filesystem.Config' },
          { dir: text('', 'object-store.filesystem.dir') },
        ),
        storage_prefix: text(''),
      },
    ),
    filesystem: section({ goType: 'local.FSConfig' }, { directory: text('', 'local.chunk-directory') }),
    tsdb_shipper: section(
      { goType: 'indexshipper.Config', tolerate: /./ },
      {
        active_index_directory: text('', 'tsdb.shipper.active-index-directory'),
        cache_location: text('', 'tsdb.shipper.cache-location'),
      },
    ),
  },
)

/** `compactor`: retention and deletes. */
export const compactorSchema = section(
  { goType: 'compactor.Config', tolerate: /^(?:jobs_config|worker_config|retention_backoff_config)$/ },
  {
    working_directory: text('/var/loki/compactor', 'compactor.working-directory'),
    compaction_interval: goDuration('10m', 'compactor.compaction-interval'),
    retention_enabled: bool(false, 'compactor.retention-enabled'),
    apply_retention_interval: goDuration('0s', 'compactor.apply-retention-interval'),
    retention_delete_delay: goDuration('2h', 'compactor.retention-delete-delay'),
    retention_delete_worker_count: int(150, 'compactor.retention-delete-worker-count'),
    retention_table_timeout: goDuration('0s', 'compactor.retention-table-timeout'),
    delete_request_store: text('', 'compactor.delete-request-store'),
    delete_request_store_key_prefix: text('index/', 'compactor.delete-request-store.key-prefix'),
    delete_request_store_db_type: text('boltdb', 'compactor.delete-request-store.db-type'),
    backup_delete_request_store_db_type: text('', 'compactor.delete-request-store.backup-db-type'),
    delete_request_cancel_period: goDuration('24h', 'compactor.delete-request-cancel-period'),
    delete_batch_size: int(70, 'compactor.delete-batch-size'),
    delete_max_interval: goDuration('24h', 'compactor.delete-max-interval'),
    max_compaction_parallelism: int(1, 'compactor.max-compaction-parallelism'),
    upload_parallelism: int(10, 'compactor.upload-parallelism'),
    tables_to_compact: int(0, 'compactor.tables-to-compact'),
    skip_latest_n_tables: int(0, 'compactor.skip-latest-n-tables'),
    deletion_marker_object_store_prefix: text(''),
    horizontal_scaling_mode: text('disabled'),
    compactor_ring: ringSchema,
  },
)

/** `chunk_store_config`: caches of chunks, which the embedded store does not have. */
export const chunkStoreConfigSchema = section(
  { goType: 'config.ChunkStoreConfig' },
  {
    chunk_cache_config: anything(),
    chunk_cache_config_l2: anything(),
    skip_query_writeback_cache_older_than: goDuration('0s'),
    l2_chunk_cache_handoff: goDuration('0s'),
  },
)
