import { useCallback, useEffect, useRef, useState } from 'react'
import { messageOf } from '../loki/http.ts'
import { type DebugLine, followDebug } from './debug-feed.ts'

/** Lines kept on the page. */
const KEPT = 200
/** How often what came is drawn. */
const DRAW_EVERY_MS = 250
/** A feed that was forgotten ends by itself. */
const MAX_MS = 10 * 60_000

/** A line with an identity of its own. */
export interface ShownLine extends DebugLine {
  readonly key: number
}

/** What a feed has brought: the newest lines first. */
export interface DebugFeed {
  readonly isOn: boolean
  readonly lines: readonly ShownLine[]
  /** Lines that went through since the start, shown or not. */
  readonly seen: number
  readonly skipped: number
  /** Why the feed has ended by itself. */
  readonly note: string
  readonly start: () => void
  readonly stop: () => void
  readonly clear: () => void
}

const EMPTY = { lines: [] as readonly ShownLine[], seen: 0, skipped: 0 }

/** Watches a component on demand; leaving the component or the page ends it. */
export function useDebugFeed(id: string): DebugFeed {
  const [isOn, setOn] = useState(false)
  const [note, setNote] = useState('')
  const [shown, setShown] = useState(EMPTY)
  const nextKey = useRef(0)
  useEffect(() => {
    if (!isOn) return
    const control = new AbortController()
    let waiting: ShownLine[] = []
    let seen = 0
    let skipped = 0
    const draw = () => {
      if (seen === 0) return
      const [lines, more, left] = [waiting, seen, skipped]
      waiting = []
      seen = skipped = 0
      setShown((old) => ({
        lines: [...lines.reverse(), ...old.lines].slice(0, KEPT),
        seen: old.seen + more,
        skipped: old.skipped + left,
      }))
    }
    const end = (why: string) => {
      if (control.signal.aborted) return
      control.abort()
      draw()
      setOn(false)
      setNote(why)
    }
    followDebug(
      id,
      (chunk) => {
        const lines = chunk.lines.map((line) => ({ ...line, key: nextKey.current++ }))
        waiting = [...waiting, ...lines].slice(-KEPT)
        seen += lines.length + chunk.skipped
        skipped += chunk.skipped
      },
      control.signal,
    ).then(
      () => end('The collector has ended the connection.'),
      (error) => end(messageOf(error)),
    )
    const drawing = setInterval(draw, DRAW_EVERY_MS)
    const limit = setTimeout(() => end('Stopped after ten minutes.'), MAX_MS)
    const leave = () => end('Stopped because the page was left.')
    addEventListener('pagehide', leave)
    return () => {
      removeEventListener('pagehide', leave)
      clearInterval(drawing)
      clearTimeout(limit)
      control.abort()
    }
  }, [id, isOn])
  const start = useCallback(() => {
    setNote('')
    setOn(true)
  }, [])
  return {
    isOn,
    ...shown,
    note,
    start,
    stop: useCallback(() => setOn(false), []),
    clear: useCallback(() => setShown(EMPTY), []),
  }
}
