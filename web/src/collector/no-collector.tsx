interface NoCollectorProps {
  /** What the server said; null where it answered, with nothing in it. */
  readonly error: { readonly status: number; readonly message: string } | null
  readonly isEmpty: boolean
}

/** Says why there is no collector to see, and where there may be one. */
export function NoCollector({ error, isEmpty }: NoCollectorProps) {
  if (isEmpty) {
    return (
      <div className="empty">
        <h2>No components</h2>
        <p>The collector runs, but its configuration has no component.</p>
      </div>
    )
  }
  const status = error?.status ?? 0
  if (status === 404 || status === 405) {
    return (
      <div className="empty">
        <h2>No collector in this server</h2>
        <p>
          <code>logboom up</code> runs a collector and a server in one process, and shows the collector here.
          A collector of its own, <code>logboom collect run config.alloy</code>, has the same view at its own
          address, <code>http://127.0.0.1:12345</code> unless told otherwise.
        </p>
      </div>
    )
  }
  if (status === 401 || status === 403) {
    return (
      <div className="empty">
        <h2>Not for this client</h2>
        <p>
          This view shows the configuration and lines on their way, so it is for clients that may{' '}
          <code>admin</code> the server as a whole.
        </p>
        <pre>{error?.message}</pre>
      </div>
    )
  }
  if (status === 503) {
    return (
      <div className="empty">
        <h2>Nothing is collected yet</h2>
        <p>The collector has not begun. This page looks again by itself.</p>
      </div>
    )
  }
  return (
    <div className="empty" role="alert">
      <h2>The collector does not answer</h2>
      <p>{error?.message} This page asks again by itself.</p>
    </div>
  )
}
