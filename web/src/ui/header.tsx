import type { TimeRange, Zone } from '../state/time-range.ts'
import type { View } from '../state/use-place.ts'
import type { ThemeChoice } from '../state/use-theme.ts'
import { Icon } from './icons.tsx'
import { PageHeader } from './page-header.tsx'
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
  readonly onView: (view: View) => void
}

/** The top line of the log view: beside name and views the time, live, share, help. */
export function Header(props: HeaderProps) {
  return (
    <PageHeader
      view="logs"
      onView={props.onView}
      theme={props.theme}
      onTheme={props.onTheme}
      start={
        <button
          type="button"
          className="button icon-only sidebar-toggle"
          aria-label="Services and fields"
          title="Services and fields"
          onClick={props.onSidebar}
        >
          <Icon name="sidebar" />
        </button>
      }
      tools={<Tools {...props} />}
    >
      <div className="group header-time">
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
      </div>
    </PageHeader>
  )
}

function Tools({ onShare, onHelp }: Pick<HeaderProps, 'onShare' | 'onHelp'>) {
  return (
    <>
      <button
        type="button"
        className="button icon-only"
        aria-label="Copy link"
        title="Copy a link to this view"
        onClick={onShare}
      >
        <Icon name="link" />
      </button>
      <button
        type="button"
        className="button icon-only"
        aria-label="Keyboard shortcuts"
        title="Keyboard shortcuts (?)"
        onClick={onHelp}
      >
        <Icon name="help" />
      </button>
    </>
  )
}
