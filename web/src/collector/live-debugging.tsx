import { useState } from 'react'
import { formatCount } from '../ui/format-number.ts'
import { LogText, PlainText } from '../ui/log-text.tsx'
import { type DebugFeed, type ShownLine, useDebugFeed } from './use-debug-feed.ts'

interface LiveDebuggingProps {
  readonly id: string
  /** Whether the configuration allows it. */
  readonly isEnabled: boolean
}

type Wanted = 'both' | 'in' | 'out'

/** Shows, on demand, the lines that go into and out of a component. */
export function LiveDebugging({ id, isEnabled }: LiveDebuggingProps) {
  const feed = useDebugFeed(id)
  const [wanted, setWanted] = useState<Wanted>('both')
  if (!isEnabled) {
    return (
      <section className="component-part">
        <h3>Live debugging</h3>
        <p className="hint">
          To watch the lines that go through this component, put this into the configuration and reload it:
        </p>
        <pre className="statements">{'livedebugging {\n  enabled = true\n}'}</pre>
      </section>
    )
  }
  const lines = feed.lines.filter(({ direction }) => wanted === 'both' || direction === wanted)
  return (
    <section className="component-part" aria-label="Live debugging">
      <h3>Live debugging</h3>
      <div className="debug-bar">
        <button
          type="button"
          className={feed.isOn ? 'button' : 'button primary'}
          onClick={feed.isOn ? feed.stop : feed.start}
        >
          {feed.isOn ? 'Stop' : 'Watch the lines'}
        </button>
        <fieldset className="segmented" aria-label="Direction">
          {(['both', 'in', 'out'] as const).map((one) => (
            <button key={one} type="button" aria-pressed={wanted === one} onClick={() => setWanted(one)}>
              {one}
            </button>
          ))}
        </fieldset>
        <span className="spacer" />
        {feed.lines.length > 0 && (
          <button type="button" className="button quiet" onClick={feed.clear}>
            Clear
          </button>
        )}
      </div>
      <p className="hint num" role="status">
        {statusText(feed)}
      </p>
      {lines.length > 0 && (
        <ol className="debug-lines">
          {lines.map((line) => (
            <Line key={line.key} line={line} />
          ))}
        </ol>
      )}
    </section>
  )
}

function statusText({ isOn, seen, skipped, lines, note }: DebugFeed): string {
  if (seen === 0) return isOn ? 'Waiting for lines …' : note
  const parts = [
    `${formatCount(seen)} lines on their way in or out, the last ${formatCount(lines.length)} are here`,
  ]
  if (skipped > 0) parts.push(`${formatCount(skipped)} left out, too fast to show`)
  if (note !== '') parts.push(note)
  return parts.join(' · ')
}

const SHORT_CHARS = 600

function Line({ line }: { readonly line: ShownLine }) {
  const [open, setOpen] = useState(false)
  const { direction, time, labels, metadata, chars } = line
  const text = open ? line.line : line.line.slice(0, SHORT_CHARS)
  return (
    <li className="debug-line" data-open={open || undefined}>
      <button type="button" className="debug-line-head" aria-expanded={open} onClick={() => setOpen(!open)}>
        <span className="debug-direction" data-direction={direction}>
          {direction}
        </span>
        <span className="num muted">{time.slice(11, 23)}</span>
        <span className="debug-labels muted">
          <PlainText text={labelsText(labels)} />
        </span>
      </button>
      <div className="debug-text mono" dir="auto">
        <LogText text={text} />
        {chars > text.length && <span className="muted"> … {formatCount(chars)} characters in all</span>}
      </div>
      {open && Object.keys(metadata).length > 0 && (
        <p className="hint">
          metadata <PlainText text={labelsText(metadata)} />
        </p>
      )}
    </li>
  )
}

function labelsText(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}=${value.slice(0, 200)}`)
    .join(' ')
}
