import { useCallback, useEffect, useState } from 'react'
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

/** Keeps track of the selected and the open rows of a list; a new run starts over. */
export function useRows(rows: readonly LogRow[], run: Run | null): RowFocus {
  const [selectedId, setSelectedId] = useState<number | null>(null)
  const [expanded, setExpanded] = useState<ReadonlySet<number>>(new Set())
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new run, a new list
  useEffect(() => {
    setSelectedId(null)
    setExpanded(new Set())
  }, [run])
  const index = selectedId === null ? -1 : rows.findIndex((row) => row.id === selectedId)
  const at = (next: number) => {
    const row = rows[next]
    if (row === undefined) return -1
    setSelectedId(row.id)
    return next
  }
  const toggle = useCallback((row: LogRow) => {
    setExpanded((old) => {
      const next = new Set(old)
      if (!next.delete(row.id)) next.add(row.id)
      return next
    })
  }, [])
  return {
    selected: rows[index] ?? null,
    expanded,
    select: useCallback((row: LogRow) => setSelectedId(row.id), []),
    toggle,
    move: (by) => at(index < 0 ? 0 : Math.max(0, Math.min(rows.length - 1, index + by))),
    moveToError: (by) => {
      let next = index + by
      while (next >= 0 && next < rows.length) {
        const level = rowLevel(rows[next] as LogRow)
        if (level === 'error' || level === 'critical') return at(next)
        next += by
      }
      return -1
    },
  }
}
