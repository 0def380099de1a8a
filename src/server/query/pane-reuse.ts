import type { KnownPanes, PaneMemory } from '#logql/metrics/pane-memory.ts'
import type { AppendWatch } from './append-watch.ts'

/** Keeps panes of range functions: what a dashboard's next points have in common with its last ones. */
export interface PaneReuse {
  /** The memory of one query. It must be ended when the query is. */
  begin(tenant: string): PaneMemory & { end(): void }
  readonly stats: { bytes: number; entries: number }
}

interface Entry {
  readonly key: string
  readonly tenant: string
  readonly offsetMs: number
  readonly known: KnownPanes
  /** The step up to which nothing has changed; moves back as rows come that panes might have to count. */
  sureMs: number
}

/** Keeps up to `maxBytes` of panes, those used last. */
export function makePaneReuse(watch: AppendWatch, maxBytes: number): PaneReuse {
  // In the order of their last use.
  const entries = new Map<string, Entry>()
  const byTenant = new Map<string, Set<Entry>>()
  const stats = { bytes: 0, entries: 0 }

  const forget = (entry: Entry): void => {
    entries.delete(entry.key)
    const siblings = byTenant.get(entry.tenant)
    siblings?.delete(entry)
    if (siblings?.size === 0) byTenant.delete(entry.tenant)
    stats.bytes -= entry.known.bytes
    stats.entries = entries.size
  }
  const keep = (entry: Entry): void => {
    const before = entries.get(entry.key)
    // Of two queries that ran side by side, the one that knows more stays.
    if (before !== undefined && before.sureMs > entry.sureMs) return
    if (before !== undefined) forget(before)
    if (entry.known.bytes > maxBytes / 3 || entry.sureMs <= entry.known.fromMs) return
    entries.set(entry.key, entry)
    const siblings = byTenant.get(entry.tenant) ?? new Set()
    byTenant.set(entry.tenant, siblings.add(entry))
    stats.bytes += entry.known.bytes
    for (const oldest of entries.values()) {
      if (stats.bytes <= maxBytes) break
      forget(oldest)
    }
    stats.entries = entries.size
  }
  watch.onChange((tenant, fromMs) => {
    for (const entry of byTenant.get(tenant) ?? []) {
      entry.sureMs = Math.min(entry.sureMs, sureBefore(fromMs, entry))
      if (entry.sureMs <= entry.known.fromMs) forget(entry)
    }
  })

  return {
    stats,
    begin(tenant) {
      const watched = watch.begin(tenant)
      const keyOf = (key: string): string => `${tenant}\0${key}`
      return {
        find(key) {
          const entry = entries.get(keyOf(key))
          if (entry === undefined) return undefined
          entries.delete(entry.key)
          entries.set(entry.key, entry)
          return { ...entry.known, toMs: entry.sureMs }
        },
        keep(key, known, offsetMs) {
          const sureMs = Math.min(known.toMs, sureBefore(watched.dirtyFromMs, { known, offsetMs }))
          keep({ key: keyOf(key), tenant, offsetMs, known, sureMs })
        },
        end: watched.end,
      }
    },
  }
}

/** The last step at which a row of `fromMs` cannot be in a pane yet. */
function sureBefore(fromMs: number, { known, offsetMs }: Pick<Entry, 'known' | 'offsetMs'>): number {
  return Math.floor((fromMs + offsetMs - 1) / known.stepMs) * known.stepMs
}
