import { type Ref, useEffect, useRef } from 'react'
import type { LogRow } from '../rows/row.ts'
import { formatDateTime } from '../state/format-time.ts'
import { lastRange } from '../state/time-range.ts'
import type { Explore } from '../state/use-explore.ts'
import { EmptyState } from './empty-state.tsx'
import { formatCount } from './format-number.ts'
import { type ListHandle, LogList } from './log-list.tsx'
import { MetricChart } from './metric-chart.tsx'
import { RowDetails } from './row-details.tsx'

interface ResultsProps {
  readonly explore: Explore
  readonly theme: 'dark' | 'light'
  readonly list: Ref<ListHandle>
  readonly onContext: (row: LogRow) => void
  readonly onTop: () => void
}

/** What the query returned: lines, or a chart of numbers, or what to do when there is nothing. */
export function Results({ explore, theme, list, onContext, onTop }: ResultsProps) {
  const { state, logs, runs, tail, services, time } = explore
  const { rows, status, series, run } = logs.state
  useLinkedLine(explore)
  if (runs.isInverted) {
    const { from, to } = state.range
    return <EmptyState kind="inverted" onWiden={() => time.set({ from: to, to: from })} />
  }
  if (series !== null && run !== null && status === 'ready') {
    return (
      <MetricChart series={series} window={run.window} zone={state.zone} theme={theme} onZoom={time.zoom} />
    )
  }
  if (status === 'failed') return <EmptyState kind="failed" onWiden={() => {}} />
  const nothingStored = runs.run === null && services.list?.label === ''
  if (nothingStored || (status === 'ready' && rows.length === 0 && tail.pending === 0)) {
    const wider = () => time.set(lastRange('7d'))
    return <EmptyState kind={nothingStored ? 'no-logs' : 'no-match'} onWiden={wider} />
  }
  return (
    <div className="list-frame" data-stale={status === 'loading' || undefined}>
      {tail.pending > 0 && (
        <button
          type="button"
          className="new-lines num"
          onClick={() => {
            tail.flush()
            onTop()
          }}
        >
          {formatCount(tail.pending)} new {tail.pending === 1 ? 'line' : 'lines'}
          {tail.skipped && ' · some left out, too many to follow'}
        </button>
      )}
      <Lines explore={explore} list={list} onContext={onContext} />
    </div>
  )
}

function Lines({ explore, list, onContext }: Pick<ResultsProps, 'explore' | 'list' | 'onContext'>) {
  const { logs, focus, view, actions, state } = explore
  return (
    <LogList
      rows={logs.state.rows}
      view={view}
      selectedId={focus.selected?.id ?? null}
      expanded={focus.expanded}
      onSelect={focus.select}
      onToggle={focus.toggle}
      onColumn={explore.toggleColumn}
      onEnd={logs.loadMore}
      busy={logs.state.loadingMore || logs.state.status === 'loading'}
      onAtTop={explore.setAtTop}
      handle={list}
      end={<ListEnd explore={explore} />}
      details={(row) => (
        <RowDetails
          row={row}
          zone={state.zone}
          needles={view.needles}
          onCondition={actions.condition}
          onCopy={explore.copyText}
          onColumn={explore.toggleColumn}
          onEverywhere={actions.everywhere}
          onContext={onContext}
          onPermalink={explore.permalink}
        />
      )}
    />
  )
}

/** Says how far the list reaches: the end of the window, or more to come. */
function ListEnd({ explore }: { readonly explore: Explore }) {
  const { logs, state } = explore
  const { done, loadingMore, moreError, run, rows } = logs.state
  if (moreError !== '') {
    return (
      <>
        {moreError}{' '}
        <button type="button" className="button" onClick={logs.loadMore}>
          Try again
        </button>
      </>
    )
  }
  if (run === null || rows.length === 0) return null
  if (!done) return loadingMore ? 'Loading more lines …' : 'More lines follow'
  const { fromMs, toMs } = run.window
  const [word, edge] = run.direction === 'backward' ? ['begins', fromMs] : ['ends', toMs]
  return `That is all: the time range ${word} at ${formatDateTime(edge, state.zone)}`
}

/** Opens the line a link points at, once it is loaded. */
function useLinkedLine({ state, logs, focus }: Explore): void {
  const shown = useRef('')
  const { rows } = logs.state
  useEffect(() => {
    if (state.line === '' || shown.current === state.line) return
    const row = rows.find((one) => one.tsNs === state.line)
    if (row === undefined) return
    shown.current = state.line
    focus.select(row)
    if (!focus.expanded.has(row.id)) focus.toggle(row)
  }, [state.line, rows, focus])
}
