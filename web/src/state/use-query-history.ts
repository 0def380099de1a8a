import { useCallback, useEffect, useState } from 'react'
import { type HistoryEntry, loadHistory, remember, saveHistory, togglePin } from './query-history.ts'

/** The queries of this browser; every query that runs is remembered. */
export function useQueryHistory(
  query: string,
): [history: readonly HistoryEntry[], pin: (query: string) => void] {
  const [history, setHistory] = useState(loadHistory)
  useEffect(() => setHistory((old) => remember(old, query, Date.now())), [query])
  useEffect(() => saveHistory(history), [history])
  return [history, useCallback((pinned: string) => setHistory((old) => togglePin(old, pinned)), [])]
}
