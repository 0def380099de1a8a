import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { CollectorView } from './collector/collector-view.tsx'
import { usePlace } from './state/use-place.ts'
import { useTheme } from './state/use-theme.ts'
import { CrashScreen } from './ui/crash-screen.tsx'
import { PageHeader } from './ui/page-header.tsx'
import './ui/theme.css'
import './ui/layout.css'

/** The page that the collector itself serves: its components, and nothing that needs a server of logs. */
function CollectorPage() {
  const [theme, chooseTheme] = useTheme()
  const [place, go] = usePlace()
  return (
    <div className="plain-page">
      <PageHeader title="Collector" theme={theme} onTheme={chooseTheme} />
      <CollectorView selected={place.component} onSelect={(component) => go({ component })} />
    </div>
  )
}

const root = document.getElementById('root')
if (root !== null) {
  createRoot(root).render(
    <StrictMode>
      <CrashScreen>
        <CollectorPage />
      </CrashScreen>
    </StrictMode>,
  )
}
