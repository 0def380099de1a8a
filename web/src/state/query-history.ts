/** A query that was run in this browser. */
export interface HistoryEntry {
  readonly query: string
  /** When it last ran, ms since the epoch. */
  readonly atMs: number
  /** Kept at the top, and not pushed out by newer ones. */
  readonly pinned: boolean
}

const KEY = 'logboom.history'
const KEPT = 100

/** The queries of this browser: pinned ones first, then the latest. Empty where storage is not available. */
export function loadHistory(): HistoryEntry[] {
  try {
    return readHistory(localStorage.getItem(KEY))
  } catch {
    return []
  }
}

/** Reads stored text; what is not a history is dropped. */
export function readHistory(text: string | null): HistoryEntry[] {
  if (text === null) return []
  try {
    const parsed: unknown = JSON.parse(text)
    return Array.isArray(parsed) ? sorted(parsed.filter(isEntry)) : []
  } catch {
    return []
  }
}

/** Stores a history; a browser that refuses storage keeps it for this visit only. */
export function saveHistory(entries: readonly HistoryEntry[]): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(entries))
  } catch {
    // Private windows and full storage: history is a convenience.
  }
}

/** The history after a query ran. */
export function remember(entries: readonly HistoryEntry[], query: string, atMs: number): HistoryEntry[] {
  if (query.trim() === '') return [...entries]
  const pinned = entries.find((entry) => entry.query === query)?.pinned ?? false
  const others = entries.filter((entry) => entry.query !== query)
  const all = sorted([{ query, atMs, pinned }, ...others])
  let free = KEPT
  return all.filter((entry) => entry.pinned || free-- > 0)
}

/** The history with a query pinned or released. */
export function togglePin(entries: readonly HistoryEntry[], query: string): HistoryEntry[] {
  return sorted(entries.map((entry) => (entry.query === query ? { ...entry, pinned: !entry.pinned } : entry)))
}

function sorted(entries: readonly HistoryEntry[]): HistoryEntry[] {
  return entries.toSorted((a, b) => Number(b.pinned) - Number(a.pinned) || b.atMs - a.atMs)
}

function isEntry(value: unknown): value is HistoryEntry {
  const entry = value as Partial<HistoryEntry> | null
  return (
    typeof entry?.query === 'string' && typeof entry.atMs === 'number' && typeof entry.pinned === 'boolean'
  )
}
