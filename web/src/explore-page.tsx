import { useRef, useState } from 'react'
import { flushSync } from 'react-dom'
import { selectedValues } from './query/build.ts'
import type { LogRow } from './rows/row.ts'
import { type Explore, useExplore } from './state/use-explore.ts'
import type { View } from './state/use-place.ts'
import { isLevelChosen } from './state/use-query-actions.ts'
import { useQueryHistory } from './state/use-query-history.ts'
import { useShortcuts } from './state/use-shortcuts.ts'
import type { ThemeChoice } from './state/use-theme.ts'
import { ContextDialog } from './ui/context-dialog.tsx'
import { DownloadDialog } from './ui/download-dialog.tsx'
import { FieldsPanel } from './ui/fields-panel.tsx'
import { Header } from './ui/header.tsx'
import { Histogram } from './ui/histogram.tsx'
import type { ListHandle } from './ui/log-list.tsx'
import { type EditorHandle, QueryBar } from './ui/query-bar.tsx'
import { Results } from './ui/results.tsx'
import { ServicesPanel } from './ui/services-panel.tsx'
import { ShortcutsDialog } from './ui/shortcuts-dialog.tsx'
import { StatusBar } from './ui/status-bar.tsx'
import { Toolbar } from './ui/toolbar.tsx'

/** The one thing that is open over the page. */
type Overlay =
  | { readonly kind: 'none' | 'help' | 'download' | 'time' }
  | { readonly kind: 'context'; readonly row: LogRow }

const NONE: Overlay = { kind: 'none' }

interface ExplorePageProps {
  readonly theme: 'dark' | 'light'
  readonly onTheme: (choice: ThemeChoice) => void
  readonly onView: (view: View) => void
}

/** The Explore page: the logs. */
export function ExplorePage({ theme, onTheme, onView }: ExplorePageProps) {
  const explore = useExplore()
  const [history, pin] = useQueryHistory(explore.state.query)
  const [overlay, setOverlay] = useState<Overlay>(NONE)
  const [sidebar, setSidebar] = useState(false)
  const editor = useRef<EditorHandle>(null)
  const list = useRef<ListHandle>(null)
  const fieldSearch = useRef<HTMLInputElement>(null)
  const { state, change, logs, time } = explore
  useExploreShortcuts(explore, { editor, list, fieldSearch, setOverlay, setSidebar })
  const close = () => setOverlay(NONE)
  return (
    <div className="page" data-sidebar={sidebar || undefined}>
      <Header
        range={state.range}
        zone={state.zone}
        live={state.live}
        theme={theme}
        timeOpen={overlay.kind === 'time'}
        onTimeOpen={(open) => setOverlay(open ? { kind: 'time' } : NONE)}
        onRange={time.set}
        onZone={(zone) => change({ zone }, 'replace')}
        onLive={time.toggleLive}
        onShare={explore.share}
        onTheme={onTheme}
        onHelp={() => setOverlay({ kind: 'help' })}
        onSidebar={() => setSidebar(!sidebar)}
        onView={onView}
      />
      <QueryBar
        draft={explore.draft}
        onDraft={explore.setDraft}
        onRun={explore.runQuery}
        running={logs.state.status === 'loading'}
        error={logs.state.error}
        errorQuery={state.query}
        history={history}
        onPin={pin}
        completion={explore.completion}
        editor={editor}
      />
      <Sidebar explore={explore} search={fieldSearch} />
      <Main explore={explore} theme={theme} list={list} onOverlay={setOverlay} />
      <StatusBar
        logs={logs.state}
        isInverted={explore.runs.isInverted}
        live={state.live}
        liveError={explore.tail.error}
        isPolling={explore.tail.isPolling}
      />
      {overlay.kind === 'help' && <ShortcutsDialog onClose={close} />}
      {overlay.kind === 'context' && <ContextDialog row={overlay.row} view={explore.view} onClose={close} />}
      {overlay.kind === 'download' && explore.runs.run !== null && (
        <DownloadDialog
          run={explore.runs.run}
          columns={state.columns}
          expected={explore.volume.volume?.total ?? null}
          exactTotal={explore.exactTotal}
          onClose={close}
        />
      )}
      <div className="toast" role="status" data-shown={explore.toast !== '' || undefined}>
        {explore.toast}
      </div>
    </div>
  )
}

interface SidebarProps {
  readonly explore: Explore
  readonly search: React.RefObject<HTMLInputElement | null>
}

function Sidebar({ explore, search }: SidebarProps) {
  const { services, actions, draft, label, state } = explore
  return (
    <aside className="sidebar">
      <ServicesPanel
        list={services.list}
        error={services.error}
        selected={selectedValues(draft, label)}
        onSelect={actions.service}
      />
      <FieldsPanel
        stats={explore.stats}
        sampled={explore.sampled}
        loaded={explore.logs.state.rows.length}
        columns={state.columns}
        onColumn={explore.toggleColumn}
        onCondition={actions.condition}
        search={search}
      />
    </aside>
  )
}

interface MainProps {
  readonly explore: Explore
  readonly theme: 'dark' | 'light'
  readonly list: React.RefObject<ListHandle | null>
  readonly onOverlay: (overlay: Overlay) => void
}

function Main({ explore, theme, list, onOverlay }: MainProps) {
  const { state, change, logs, volume, time, actions } = explore
  const isLog = logs.state.series === null && explore.runs.run !== null
  return (
    <main className="main">
      {isLog && logs.state.status !== 'failed' && (
        <Histogram
          volume={volume.volume}
          window={volume.run?.window ?? null}
          error={volume.error}
          loading={volume.loading}
          exactTotal={explore.exactTotal}
          zone={state.zone}
          theme={theme}
          isLevelChosen={(level) => isLevelChosen(state.query, level)}
          onZoom={time.zoom}
          onZoomOut={time.zoomOut}
          onLevel={actions.level}
        />
      )}
      {isLog && (
        <Toolbar
          direction={state.direction}
          wrap={state.wrap}
          columns={state.columns}
          onDirection={() =>
            change({ direction: state.direction === 'backward' ? 'forward' : 'backward', live: false })
          }
          onWrap={() => change({ wrap: !state.wrap }, 'replace')}
          onClearColumns={() => change({ columns: [] }, 'replace')}
          onText={actions.text}
          onDownload={() => onOverlay({ kind: 'download' })}
        />
      )}
      <Results
        explore={explore}
        theme={theme}
        list={list}
        onContext={(row) => onOverlay({ kind: 'context', row })}
        onTop={() => list.current?.toTop()}
      />
    </main>
  )
}

interface ShortcutTargets {
  readonly editor: React.RefObject<EditorHandle | null>
  readonly list: React.RefObject<ListHandle | null>
  readonly fieldSearch: React.RefObject<HTMLInputElement | null>
  readonly setOverlay: (overlay: Overlay) => void
  readonly setSidebar: (open: boolean) => void
}

function useExploreShortcuts(explore: Explore, to: ShortcutTargets): void {
  const { focus, state, change, say } = explore
  const reveal = (index: number) => index >= 0 && to.list.current?.reveal(index)
  const error = (by: 1 | -1) => {
    const index = focus.moveToError(by)
    if (index < 0)
      say(by === 1 ? 'No further error among the loaded lines' : 'No earlier error among the loaded lines')
    else reveal(index)
  }
  const expand = () => {
    if (focus.selected === null) return
    focus.toggle(focus.selected)
    const index = focus.move(0)
    // Two frames later the details have their height, and can be brought into view whole.
    requestAnimationFrame(() => requestAnimationFrame(() => reveal(index)))
  }
  useShortcuts([
    ['/', () => to.editor.current?.focus()],
    ['j', () => reveal(focus.move(1))],
    ['k', () => reveal(focus.move(-1))],
    ['ArrowDown', () => reveal(focus.move(1))],
    ['ArrowUp', () => reveal(focus.move(-1))],
    ['x', () => expand()],
    ['e', () => error(1)],
    ['E', () => error(-1)],
    ['c', () => focus.selected !== null && to.setOverlay({ kind: 'context', row: focus.selected })],
    [
      'f',
      () => {
        flushSync(() => to.setSidebar(true))
        to.fieldSearch.current?.focus()
      },
    ],
    ['Escape', () => to.setSidebar(false)],
    ['g', () => to.setOverlay({ kind: 'time' })],
    ['w', () => change({ wrap: !state.wrap }, 'replace')],
    ['l', explore.time.toggleLive],
    ['r', explore.runs.rerun],
    ['Home', () => to.list.current?.toTop()],
    ['?', () => to.setOverlay({ kind: 'help' })],
  ])
}
