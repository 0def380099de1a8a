import { join } from 'node:path'
import type { LokiConfig } from './schema/root.ts'

/**
 * The directory the embedded store keeps everything in. Loki's own order of precedence is a trap (its newer
 * storage
 * client ignores `common.storage.filesystem.chunks_directory`), so the most specific setting that is there
 * wins.
 */
export function dataDirectory(config: LokiConfig): string {
  const { storage_config: storage, common } = config
  const candidates = [
    storage.object_store.filesystem.dir,
    storage.filesystem.directory,
    common.storage.filesystem.chunks_directory,
  ]
  const configured = candidates.find((directory) => directory !== '')
  if (configured !== undefined) return configured
  return common.path_prefix === '' ? 'data' : join(common.path_prefix, 'chunks')
}
