import type { LokiConfig } from './schema/root.ts'

/**
 * What Loki finds out only when it starts, so that `-verify-config` does not tell: the text of the first
 * thing that keeps it from starting, or `undefined`.
 */
export function startProblem(config: LokiConfig): string | undefined {
  const { schema_config: schema, compactor } = config
  const foreign = schema.configs.find(({ store }) => store !== 'tsdb')
  if (foreign !== undefined) {
    const advice = '`tsdb` is the one that is read; begin a new period with it and remove this one'
    return `unsupported index type ${foreign.store} for schema period starting at ${foreign.from} (${advice})`
  }
  const type = compactor.delete_request_store_db_type
  if (compactor.retention_enabled && !['boltdb', 'sqlite'].includes(type)) {
    return `unexpected delete requests store DB type ${type}. Supported types: (boltdb, sqlite)`
  }
  const store = compactor.delete_request_store
  if (compactor.retention_enabled && !STORES.includes(store)) {
    return `failed to create delete request store object client: unrecognized storage client ${store}`
  }
  return undefined
}

/** Any of Loki's stores is taken: delete requests are kept with the data wherever it says. */
const STORES = ['filesystem', 's3', 'aws', 'gcs', 'azure', 'swift', 'alibabacloud', 'bos', 'cos', 'inmemory']
