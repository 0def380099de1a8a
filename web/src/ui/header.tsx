import type { TimeRange, Zone } from '../state/time-range.ts'
import type { ThemeChoice } from '../state/use-theme.ts'
import { Icon } from './icons.tsx'
import { TimePicker } from './time-picker.tsx'

interface HeaderProps {
  readonly range: TimeRange
  readonly zone: Zone
  readonly live: boolean
  readonly theme: 'dark' | 'light'
  readonly timeOpen: boolean
  readonly onTimeOpen: (open: boolean) => void
  readonly onRange: (range: TimeRange) => void
  readonly onZone: (zone: Zone) => void
  readonly onLive: () => void
  readonly onShare: () => void
  readonly onTheme: (choice: ThemeChoice) => void
  readonly onHelp: () => void
  readonly onSidebar: () => void
}

/** The top line: name, time, live, share, theme, help. */
export function Header(props: HeaderProps) {
  return (
    <header className="header">
      <button
        type="button"
        className="button icon-only sidebar-toggle"
        aria-label="Services and fields"
        title="Services and fields"
        onClick={props.onSidebar}
      >
        <Icon name="sidebar" />
      </button>
      <h1 className="brand">
        <span className="brand-mark" aria-hidden="true">
          <i />
          <i />
          <i />
        </span>
        Logboom
      </h1>
      <div className="spacer" />
      <TimePicker
        range={props.range}
        zone={props.zone}
        open={props.timeOpen}
        onOpen={props.onTimeOpen}
        onRange={props.onRange}
        onZone={props.onZone}
      />
      <button
        type="button"
        className="button live-button"
        aria-pressed={props.live}
        title="Live: new lines as they arrive (l)"
        onClick={props.onLive}
      >
        <span className="live-dot" aria-hidden="true" />
        Live
      </button>
      <Tools {...props} />
    </header>
  )
}

function Tools(props: HeaderProps) {
  const other = props.theme === 'dark' ? 'light' : 'dark'
  return (
    <div className="group">
      <button
        type="button"
        className="button icon-only"
        aria-label="Copy link"
        title="Copy a link to this view"
        onClick={props.onShare}
      >
        <Icon name="link" />
      </button>
      <button
        type="button"
        className="button icon-only"
        aria-label={`Switch to the ${other} theme`}
        title={`Switch to the ${other} theme`}
        onClick={() => props.onTheme(other)}
      >
        <Icon name={other === 'dark' ? 'moon' : 'sun'} />
      </button>
      <button
        type="button"
        className="button icon-only"
        aria-label="Keyboard shortcuts"
        title="Keyboard shortcuts (?)"
        onClick={props.onHelp}
      >
        <Icon name="help" />
      </button>
    </div>
  )
}
