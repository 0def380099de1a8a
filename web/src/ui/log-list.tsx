import { useVirtualizer } from '@tanstack/react-virtual'
import { type ReactNode, type Ref, useCallback, useEffect, useImperativeHandle, useRef } from 'react'
import { rowLevel, rowService } from '../rows/parse-line.ts'
import type { LogRow } from '../rows/row.ts'
import { formatClock } from '../state/format-time.ts'
import { Icon } from './icons.tsx'
import './log-list.css'
import { RowLine, type RowView } from './log-row.tsx'

/** Lets shortcuts move through the list. */
export interface ListHandle {
  readonly reveal: (index: number) => void
  readonly toTop: () => void
}

interface LogListProps {
  readonly rows: readonly LogRow[]
  readonly view: RowView
  readonly selectedId: number | null
  readonly expanded: ReadonlySet<number>
  readonly onSelect: (row: LogRow) => void
  readonly onToggle: (row: LogRow) => void
  readonly onColumn: (name: string) => void
  readonly onEnd: () => void
  /** More rows are on their way. */
  readonly busy: boolean
  readonly onAtTop: (atTop: boolean) => void
  readonly details: (row: LogRow) => ReactNode
  /** What stands below the last row: how far the list goes. */
  readonly end: ReactNode
  readonly handle: Ref<ListHandle>
}

const ROW_PX = 24
/** Rows before the end at which more are asked for. */
const AHEAD = 60

/** The lines, of which only those in view exist as elements. */
export function LogList(props: LogListProps) {
  const { rows, onEnd, onAtTop } = props
  const scroller = useRef<HTMLDivElement>(null)
  const virtual = useVirtualizer({
    count: rows.length + 1,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    getItemKey: useCallback((index: number) => rows[index]?.id ?? 'end', [rows]),
    overscan: 24,
  })
  const items = virtual.getVirtualItems()
  const lastShown = items.at(-1)?.index ?? 0
  useEffect(() => {
    if (rows.length > 0 && lastShown >= rows.length - AHEAD) onEnd()
  }, [lastShown, rows.length, onEnd])
  useImperativeHandle(props.handle, () => ({
    reveal: (index) => virtual.scrollToIndex(index, { align: 'auto' }),
    toTop: () => virtual.scrollToOffset(0),
  }))
  return (
    <div
      className="list"
      ref={scroller}
      role="feed"
      aria-label="Log lines"
      aria-busy={props.busy}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
      tabIndex={0}
      data-wrap={props.view.wrap || undefined}
      onScroll={(event) => onAtTop(event.currentTarget.scrollTop < 4)}
    >
      {props.view.columns.length > 0 && <ColumnHead view={props.view} onColumn={props.onColumn} />}
      <div className="list-inner" style={{ height: virtual.getTotalSize() }}>
        {items.map((item) => {
          const row = rows[item.index]
          return (
            <div
              key={item.key}
              data-index={item.index}
              ref={virtual.measureElement}
              className="list-item"
              style={{ transform: `translateY(${item.start}px)` }}
            >
              {row === undefined ? (
                <div className="list-end">{props.end}</div>
              ) : (
                <Row row={row} index={item.index} {...props} />
              )}
            </div>
          )
        })}
      </div>
    </div>
  )
}

interface RowProps extends LogListProps {
  readonly row: LogRow
  readonly index: number
}

function Row({ row, index, rows, view, selectedId, expanded, onSelect, onToggle, details }: RowProps) {
  const open = expanded.has(row.id)
  return (
    <article aria-posinset={index + 1} aria-setsize={rows.length} aria-label={describeRow(row, view)}>
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: the chevron is the button, x the key */}
      {/* biome-ignore lint/a11y/noStaticElementInteractions: only a larger target than the chevron */}
      <div
        id={`row-${row.id}`}
        className="row"
        aria-current={row.id === selectedId || undefined}
        data-level={rowLevel(row)}
        data-open={open || undefined}
        onClick={(event) => {
          // Marking text with the mouse is not a click; nor is following a link.
          if (getSelection()?.isCollapsed === false || (event.target as Element).closest('a') !== null) return
          onSelect(row)
          onToggle(row)
        }}
      >
        <RowLine row={row} view={view} expanded={open} onToggle={onToggle} />
      </div>
      {open && details(row)}
    </article>
  )
}

function describeRow(row: LogRow, view: RowView): string {
  return `${rowLevel(row)}, ${rowService(row)}, ${formatClock(row.tsMs, view.zone)}`
}

function ColumnHead({
  view,
  onColumn,
}: {
  readonly view: RowView
  readonly onColumn: (name: string) => void
}) {
  return (
    <div className="row column-head">
      <span className="row-toggle" />
      <span className="row-time" data-date={view.withDate || undefined}>
        time
      </span>
      <span className="row-level">level</span>
      <span className="row-service">service</span>
      {view.columns.map((name) => (
        <span key={name} className="row-column">
          <span>{name}</span>
          <button
            type="button"
            className="button icon-only quiet"
            aria-label={`Remove the column ${name}`}
            onClick={() => onColumn(name)}
          >
            <Icon name="close" />
          </button>
        </span>
      ))}
      <span className="row-body">message</span>
    </div>
  )
}
