import type { LogsState } from '../state/use-logs.ts'
import { formatBytes, formatCount, formatMs } from './format-number.ts'

interface StatusBarProps {
  readonly logs: LogsState
  /** The time range ends before it begins. */
  readonly isInverted: boolean
  readonly live: boolean
  readonly liveError: string
  /** Live by asking every second. */
  readonly isPolling: boolean
}

/** What is shown, what was left out, and what it cost. */
export function StatusBar({ logs, isInverted, live, liveError, isPolling }: StatusBarProps) {
  const { rows, stats, status } = logs
  const parts: string[] = []
  if (status === 'loading') parts.push('Loading …')
  if (status === 'failed') parts.push('The query failed')
  if (status === 'idle') parts.push(isInverted ? 'No time range' : 'Waiting for logs')
  if (status === 'ready' && logs.series === null) {
    parts.push(`${formatCount(rows.length)} ${rows.length === 1 ? 'line' : 'lines'} loaded`)
    if (rows.length > 0) parts.push(logs.done ? 'all of this time range' : 'more below')
  }
  if (status === 'ready' && logs.series !== null) parts.push(`${formatCount(logs.series.length)} series`)
  return (
    <footer className="status-bar num">
      <span role="status">{parts.join(' · ')}</span>
      {live && (
        <span>
          {liveError === ''
            ? isPolling
              ? 'live, asking every second'
              : 'live'
            : `live: ${liveError} Trying again.`}
        </span>
      )}
      {logs.warnings.map((warning) => (
        <span key={warning} className="warning">
          {warning}
        </span>
      ))}
      <span className="spacer" />
      {stats !== null && status === 'ready' && (
        <span title="What the server read for the last run, and how long it and the way to it took">
          {stats.lines > 0 && `read ${formatCount(stats.lines)} lines, ${formatBytes(stats.bytes)} · `}
          {stats.chunksFound > 0 &&
            `${formatCount(stats.chunksRead)} of ${formatCount(stats.chunksFound)} blocks · `}
          {formatMs(stats.execMs)} in the server · {formatMs(logs.roundTripMs)} in all
        </span>
      )}
    </footer>
  )
}
