import { type ReactNode, useEffect, useId, useRef } from 'react'
import './popover.css'

interface PopoverProps {
  readonly open: boolean
  readonly onOpen: (open: boolean) => void
  /** What the button shows. */
  readonly button: ReactNode
  /** What screen readers and the tooltip say. */
  readonly label: string
  readonly className?: string
  /** Which edge of the button the panel keeps to. */
  readonly align?: 'start' | 'end'
  readonly children: ReactNode
}

/** A button that opens a panel below it. Escape, a click elsewhere and losing focus close it. */
export function Popover({ open, onOpen, button, label, className, align = 'start', children }: PopoverProps) {
  const box = useRef<HTMLDivElement>(null)
  const trigger = useRef<HTMLButtonElement>(null)
  const id = useId()
  useEffect(() => {
    if (!open) return
    const onPointer = (event: PointerEvent) => {
      if (!box.current?.contains(event.target as Node)) onOpen(false)
    }
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== 'Escape') return
      event.stopPropagation()
      onOpen(false)
      trigger.current?.focus()
    }
    document.addEventListener('pointerdown', onPointer)
    document.addEventListener('keydown', onKey, true)
    return () => {
      document.removeEventListener('pointerdown', onPointer)
      document.removeEventListener('keydown', onKey, true)
    }
  }, [open, onOpen])
  return (
    <div className="popover" ref={box}>
      <button
        ref={trigger}
        type="button"
        className={className ?? 'button'}
        aria-label={label}
        title={label}
        aria-expanded={open}
        aria-controls={id}
        onClick={() => onOpen(!open)}
      >
        {button}
      </button>
      {open && (
        <div id={id} className="popover-panel" data-align={align}>
          {children}
        </div>
      )}
    </div>
  )
}
