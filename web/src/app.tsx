import { lazy, Suspense } from 'react'
import { ExplorePage } from './explore-page.tsx'
import { usePlace } from './state/use-place.ts'
import { useTheme } from './state/use-theme.ts'
import { PageHeader } from './ui/page-header.tsx'

const CollectorView = lazy(() =>
  import('./collector/collector-view.tsx').then((module) => ({ default: module.CollectorView })),
)
const AlertsView = lazy(() =>
  import('./alerts/alerts-view.tsx').then((module) => ({ default: module.AlertsView })),
)

/** The page of the server: the logs, and views of what surrounds them, which are loaded when opened. */
export function App() {
  const [theme, chooseTheme] = useTheme()
  const [{ view, component }, go] = usePlace()
  const open = (next: typeof view) => next !== view && go({ view: next, component: '' })
  if (view === 'logs') return <ExplorePage theme={theme} onTheme={chooseTheme} onView={open} />
  return (
    <div className="plain-page">
      <PageHeader view={view} onView={open} theme={theme} onTheme={chooseTheme} />
      <Suspense fallback={<main className="plain-main" aria-busy="true" />}>
        {view === 'collector' && (
          <CollectorView selected={component} onSelect={(id) => go({ component: id })} />
        )}
        {view === 'alerts' && <AlertsView />}
      </Suspense>
    </div>
  )
}
