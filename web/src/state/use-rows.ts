import { useCallback, useState } from 'react'
import { rowLevel } from '../rows/parse-line.ts'
import type { LogRow } from '../rows/row.ts'
import type { Run } from './use-logs.ts'

/** Which row is selected, which are open, and how to move. */
export interface RowFocus {
  readonly selected: LogRow | null
  readonly expanded: ReadonlySet<number>
  readonly select: (row: LogRow) => void
  readonly toggle: (row: LogRow) => void
  /** Moves the selection by rows; returns the new index, -1 if there is none. */
  readonly move: (by: number) => number
  /** Moves to the next (1) or previous (-1) error; returns its index, -1 if there is none. */
  readonly moveToError: (by: 1 | -1) => number
}

interface Marks {
  /** The run these marks belong to: those of another run do not count. */
  readonly run: Run | null
  readonly selectedId: number | null
  readonly expanded: ReadonlySet<number>
}

const NOTHING: ReadonlySet<number> = new Set()

/** Keeps track of the selected and the open rows of a list; a new run starts over. */
export function useRows(rows: readonly LogRow[], run: Run | null): RowFocus {
  const [stored, setStored] = useState<Marks>({ run, selectedId: null, expanded: NOTHING })
  const of = useCallback(
    (marks: Marks): Marks => (marks.run === run ? marks : { run, selectedId: null, expanded: NOTHING }),
    [run],
  )
  const { selectedId, expanded } = of(stored)
  const select = useCallback((row: LogRow) => setStored((old) => ({ ...of(old), selectedId: row.id })), [of])
  const toggle = useCallback(
    (row: LogRow) =>
      setStored((old) => {
        const next = new Set(of(old).expanded)
        if (!next.delete(row.id)) next.add(row.id)
        return { ...of(old), expanded: next }
      }),
    [of],
  )
  const index = selectedId === null ? -1 : rows.findIndex((row) => row.id === selectedId)
  const at = (next: number) => {
    const row = rows[next]
    if (row === undefined) return -1
    select(row)
    return next
  }
  return {
    selected: rows[index] ?? null,
    expanded,
    select,
    toggle,
    move: (by) => at(index < 0 ? 0 : Math.max(0, Math.min(rows.length - 1, index + by))),
    moveToError: (by) => at(nextError(rows, index, by)),
  }
}

function nextError(rows: readonly LogRow[], from: number, by: 1 | -1): number {
  for (let i = from + by; i >= 0; i += by) {
    const row = rows[i]
    if (row === undefined) return -1
    const level = rowLevel(row)
    if (level === 'error' || level === 'critical') return i
  }
  return -1
}
