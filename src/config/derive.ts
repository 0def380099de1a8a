import type { RawMap } from './tree.ts'
import { getAt, setAt } from './tree.ts'

/**
 * Fills in what Loki derives from `common`, wherever the file and the flags say nothing.
 * @throws Error for two storages in `common`, or `persist_tokens` without `path_prefix`
 */
export function deriveFromCommon(tree: RawMap): void {
  const textAt = (...path: string[]): string => {
    const value = getAt(tree, path)
    return typeof value === 'string' ? value : ''
  }
  const fill = (path: string, value: string): void => {
    const keys = path.split('.')
    if (value !== '' && getAt(tree, keys) === undefined) setAt(tree, keys, value)
  }
  const prefix = textAt('common', 'path_prefix').replace(/\/+$/, '')
  if (prefix !== '' || textAt('common', 'path_prefix') === '/') {
    fill('ruler.rule_path', `${prefix}/rules-temp`)
    fill('ruler.wal.dir', `${prefix}/ruler-wal`)
    fill('ingester.wal.dir', `${prefix}/wal`)
    fill('compactor.working_directory', `${prefix}/compactor`)
    fill('storage_config.tsdb_shipper.active_index_directory', `${prefix}/tsdb-shipper-active`)
    fill('storage_config.tsdb_shipper.cache_location', `${prefix}/tsdb-shipper-cache`)
  } else if (getAt(tree, ['common', 'persist_tokens']) === true) {
    throw new Error('if persist_tokens is true, path_prefix MUST be defined')
  }
  const storage = getAt(tree, ['common', 'storage'])
  const backends = ['filesystem', 's3', 'gcs', 'azure', 'alibabacloud', 'bos', 'swift', 'cos']
  const used = backends.filter((name) => getAt(storage, [name]) !== undefined)
  if (used.length > 1) {
    const why =
      'too many storage configs provided in the common config, please only define one storage backend'
    throw new Error(why)
  }
  fill('storage_config.filesystem.directory', textAt('common', 'storage', 'filesystem', 'chunks_directory'))
  const rules = textAt('common', 'storage', 'filesystem', 'rules_directory')
  if (rules !== '' && getAt(tree, ['ruler_storage', 'backend']) === undefined) {
    fill('ruler_storage.backend', 'local')
    fill('ruler_storage.local.directory', rules)
    fill('ruler.storage.type', 'local')
    fill('ruler.storage.local.directory', rules)
  }
  const overrides = getAt(tree, ['limits_config', 'per_tenant_override_config'])
  if (typeof overrides === 'string') fill('runtime_config.file', overrides)
  const period = getAt(tree, ['limits_config', 'per_tenant_override_period'])
  if (typeof period === 'string') fill('runtime_config.period', period)
}
