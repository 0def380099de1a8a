import type { LokiConfig } from '../schema/root.ts'

/** The folder that holds a folder of rule files for each tenant. */
export interface RulesLocation {
  readonly directory: string
  /** Whether the rules API may change what is there. */
  readonly writable: boolean
}

/**
 * Where rules lie: `ruler_storage`, else the older `ruler.storage`. `undefined` where nothing is configured,
 * which is when Loki does not start its ruler, and for stores that are not on this machine.
 */
export function rulesLocation({ ruler, ruler_storage: storage }: LokiConfig): RulesLocation | undefined {
  const { backend, local, filesystem } = storage
  if (backend === 'local' && local.directory !== '') return { directory: local.directory, writable: false }
  if (backend === 'filesystem' && filesystem.dir !== '') return { directory: filesystem.dir, writable: true }
  const { type, local: older } = ruler.storage
  if (/^(?:local)?$/.test(type) && older.directory !== '') {
    return { directory: older.directory, writable: false }
  }
  return undefined
}
