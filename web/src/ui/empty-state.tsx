interface EmptyStateProps {
  /** Nothing has been stored yet, nothing matches, the query was refused, the range makes no sense. */
  readonly kind: 'no-logs' | 'no-match' | 'failed' | 'inverted'
  /** Mends the time range. */
  readonly onWiden: () => void
}

/** What to do when there is nothing to show. */
export function EmptyState({ kind, onWiden }: EmptyStateProps) {
  if (kind === 'no-logs') {
    return (
      <div className="empty">
        <h2>No logs yet</h2>
        <p>
          <code>logboom up</code> collects what every container on this host writes to stdout and stderr. The
          first lines appear here a second after they are written; this page looks again by itself.
        </p>
        <p>To try it by hand, push a line:</p>
        <pre>{`curl -H 'Content-Type: application/json' ${location.origin}/loki/api/v1/push \\
  -d '{"streams":[{"stream":{"service":"hello"},
       "values":[["'$(date +%s%N)'","hello, logs"]]}]}'`}</pre>
        <button type="button" className="button" onClick={onWiden}>
          Look further back
        </button>
      </div>
    )
  }
  if (kind === 'inverted') {
    return (
      <div className="empty">
        <h2>The time range ends before it begins</h2>
        <p>No line can lie in it, so nothing was asked.</p>
        <button type="button" className="button" onClick={onWiden}>
          Swap its ends
        </button>
      </div>
    )
  }
  if (kind === 'failed') {
    return (
      <div className="empty">
        <h2>No answer to this query</h2>
        <p>What the server says about it stands under the query.</p>
      </div>
    )
  }
  return (
    <div className="empty">
      <h2>Nothing matches</h2>
      <p>The query is fine, but no line in this time range answers it.</p>
      <button type="button" className="button" onClick={onWiden}>
        Look further back
      </button>
    </div>
  )
}
