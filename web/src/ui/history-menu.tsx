import type { HistoryEntry } from '../state/query-history.ts'
import { Icon } from './icons.tsx'
import { Popover } from './popover.tsx'

interface HistoryMenuProps {
  readonly open: boolean
  readonly onOpen: (open: boolean) => void
  readonly history: readonly HistoryEntry[]
  readonly onChoose: (query: string) => void
  readonly onPin: (query: string) => void
}

/** The queries run in this browser; pinned ones stay at the top. */
export function HistoryMenu({ open, onOpen, history, onChoose, onPin }: HistoryMenuProps) {
  return (
    <Popover
      open={open}
      onOpen={onOpen}
      label="Query history"
      className="button icon-only quiet"
      align="end"
      button={<Icon name="history" />}
    >
      <div className="history">
        {history.length === 0 && <p className="hint">Queries you run are kept here, in this browser only.</p>}
        <ul>
          {history.map((entry) => (
            <li key={entry.query}>
              <button type="button" className="menu-item mono" onClick={() => onChoose(entry.query)}>
                {entry.query}
              </button>
              <button
                type="button"
                className="button icon-only quiet"
                aria-pressed={entry.pinned}
                aria-label={`Keep at the top: ${entry.query}`}
                title={entry.pinned ? 'Unpin' : 'Keep at the top'}
                onClick={() => onPin(entry.query)}
              >
                <Icon name="pin" />
              </button>
            </li>
          ))}
        </ul>
      </div>
    </Popover>
  )
}
