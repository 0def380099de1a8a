import type { EntryBatch, LogStore } from '#store/types.ts'

/** Looks out for rows that may change what is being read. */
export interface Watch {
  /**
   * Time of the oldest row that was or is being appended since the watch began, ms; Infinity for none.
   */
  readonly dirtyFromMs: number
  end(): void
}

/** Tells who remembers answers what appends may have changed. */
export interface AppendWatch {
  /** The store with an eye on it: what is appended or deleted through this one is seen. */
  readonly store: LogStore
  /** Begins to watch a tenant. */
  begin(tenant: string): Watch
  /** Calls back before rows of a tenant, the oldest of this time, can be seen by anyone. */
  onChange(listener: (tenant: string, fromMs: number) => void): void
}

interface TenantWatch {
  readonly watches: Set<{ dirtyFromMs: number }>
  /** Oldest rows of the appends under way. */
  readonly underWay: Set<{ readonly fromMs: number }>
}

/**
 * Watches a store. Rows become visible at some moment while `append` runs, so from its beginning to its
 * end whatever is read may or may not have them.
 */
export function watchAppends(store: LogStore): AppendWatch {
  const tenants = new Map<string, TenantWatch>()
  const listeners: ((tenant: string, fromMs: number) => void)[] = []
  const of = (tenant: string): TenantWatch => {
    let state = tenants.get(tenant)
    if (state === undefined) {
      state = { watches: new Set(), underWay: new Set() }
      tenants.set(tenant, state)
    }
    return state
  }
  const change = async <T>(tenant: string, fromMs: number, work: () => Promise<T>): Promise<T> => {
    const { watches, underWay } = of(tenant)
    const mark = { fromMs }
    underWay.add(mark)
    for (const watch of watches) watch.dirtyFromMs = Math.min(watch.dirtyFromMs, fromMs)
    for (const listener of listeners) listener(tenant, fromMs)
    try {
      return await work()
    } finally {
      underWay.delete(mark)
    }
  }
  return {
    store: watched(store, change),
    begin(tenant) {
      const { watches, underWay } = of(tenant)
      const watch = { dirtyFromMs: Number.POSITIVE_INFINITY, end: () => void watches.delete(watch) }
      for (const { fromMs } of underWay) watch.dirtyFromMs = Math.min(watch.dirtyFromMs, fromMs)
      watches.add(watch)
      return watch
    },
    onChange: (listener) => void listeners.push(listener),
  }
}

type Change = <T>(tenant: string, fromMs: number, work: () => Promise<T>) => Promise<T>

/** The store, seen through: everything but what changes rows is its own. */
function watched(store: LogStore, change: Change): LogStore {
  const { deletes } = store
  const own: Partial<LogStore> = {
    append: (tenant, batch) => change(tenant, oldestMs(batch), () => store.append(tenant, batch)),
  }
  if (deletes !== undefined) {
    // Hiding rows, or showing them again, changes answers about any time.
    const all = Number.NEGATIVE_INFINITY
    const ofDeletes: Partial<typeof deletes> = {
      add: (tenant, spec) => change(tenant, all, () => deletes.add(tenant, spec)),
      cancel: (tenant, id, force) => change(tenant, all, () => deletes.cancel(tenant, id, force)),
    }
    Object.defineProperty(own, 'deletes', { value: Object.assign(Object.create(deletes), ofDeletes) })
  }
  return Object.defineProperties(Object.create(store) as LogStore, Object.getOwnPropertyDescriptors(own))
}

function oldestMs({ tsMs, runs }: EntryBatch): number {
  let oldest = Number.POSITIVE_INFINITY
  for (const { from, to } of runs) {
    for (let row = from; row < to; row++) if (tsMs[row] < oldest) oldest = tsMs[row]
  }
  return oldest
}
