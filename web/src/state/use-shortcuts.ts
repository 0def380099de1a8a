import { useEffect, useRef } from 'react'

/** What each key does; the key is `KeyboardEvent.key`. */
export type Shortcuts = readonly (readonly [key: string, act: () => void])[]

/** Single-key shortcuts. They rest while the person writes, and while a dialog is open. */
export function useShortcuts(shortcuts: Shortcuts): void {
  const latest = useRef(shortcuts)
  latest.current = shortcuts
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return
      const target = event.target as HTMLElement
      if (target.closest('input, textarea, select, [contenteditable="true"]') !== null) {
        if (event.key === 'Escape') target.blur()
        return
      }
      if (document.querySelector('dialog[open]') !== null) return
      const act = latest.current.find(([key]) => key === event.key)?.[1]
      if (act === undefined) return
      event.preventDefault()
      act()
    }
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [])
}
