import type { ReactNode } from 'react'
import { type Place, printPlace, VIEWS, type View } from '../state/use-place.ts'
import type { ThemeChoice } from '../state/use-theme.ts'
import { Icon } from './icons.tsx'

interface PageHeaderProps {
  /** Stands beside the name where there are no views to choose from. */
  readonly title?: string
  readonly view?: View
  readonly onView?: (view: View) => void
  readonly theme: 'dark' | 'light'
  readonly onTheme: (choice: ThemeChoice) => void
  /** What the view adds: before the name, before the tools, and to them. */
  readonly start?: ReactNode
  readonly children?: ReactNode
  readonly tools?: ReactNode
}

const NAMES: Readonly<Record<View, string>> = { logs: 'Logs', alerts: 'Alerts', collector: 'Collector' }

/** The top line: name, views, what the view adds, theme. */
export function PageHeader(props: PageHeaderProps) {
  const other = props.theme === 'dark' ? 'light' : 'dark'
  return (
    <header className="header">
      {props.start}
      <h1 className="brand">
        <span className="brand-mark" aria-hidden="true">
          <i />
          <i />
          <i />
        </span>
        <span className="brand-name">Logboom</span>
        {props.title !== undefined && <span className="brand-title">{props.title}</span>}
      </h1>
      {props.view !== undefined && <Views view={props.view} onView={props.onView} />}
      <div className="spacer" />
      {props.children}
      <div className="group header-tools">
        {props.tools}
        <button
          type="button"
          className="button icon-only"
          aria-label={`Switch to the ${other} theme`}
          title={`Switch to the ${other} theme`}
          onClick={() => props.onTheme(other)}
        >
          <Icon name={other === 'dark' ? 'moon' : 'sun'} />
        </button>
      </div>
    </header>
  )
}

function Views({ view, onView }: Pick<PageHeaderProps, 'view' | 'onView'>) {
  const address = (place: Place) => `${location.pathname}${printPlace(location.search, place)}`
  return (
    <nav className="views" aria-label="Views">
      {VIEWS.map((name) => (
        <a
          key={name}
          href={address({ view: name, component: '' })}
          aria-current={name === view ? 'page' : undefined}
          onClick={(event) => {
            if (event.ctrlKey || event.metaKey || event.shiftKey) return
            event.preventDefault()
            onView?.(name)
          }}
        >
          {NAMES[name]}
        </a>
      ))}
    </nav>
  )
}
