import { Component, type ErrorInfo, type ReactNode } from 'react'

/** Shows what happened instead of an empty page when drawing fails. React offers this to classes only. */
export class CrashScreen extends Component<
  { readonly children: ReactNode },
  { readonly error: Error | null }
> {
  override state: { readonly error: Error | null } = { error: null }

  static getDerivedStateFromError(error: Error): { error: Error } {
    return { error }
  }

  override componentDidCatch(error: Error, info: ErrorInfo): void {
    console.error(error, info.componentStack)
  }

  override render(): ReactNode {
    if (this.state.error === null) return this.props.children
    return (
      <div className="empty" role="alert">
        <h2>The page has failed</h2>
        <p>
          Your logs are not affected. Reloading usually helps; if it does not, open the page without its
          query.
        </p>
        <pre>{String(this.state.error.stack ?? this.state.error)}</pre>
        <button type="button" className="button primary" onClick={() => location.reload()}>
          Reload
        </button>{' '}
        <button type="button" className="button" onClick={() => location.assign(location.pathname)}>
          Start over
        </button>
      </div>
    )
  }
}
