import { type AppendWatch, type Watch, watchAppends } from './append-watch.ts'
import { type LogReuse, makeLogReuse } from './log-reuse.ts'
import { makePaneReuse, type PaneReuse } from './pane-reuse.ts'
import { makeRangeReuse, type RangeReuse } from './range-reuse.ts'
import { makeSharedRuns, type SharedRuns } from './shared-runs.ts'

/** What queries share: points of earlier answers, and answers that are being found. */
export interface QueryReuse {
  readonly watch: AppendWatch
  readonly ranges: RangeReuse
  readonly panes: PaneReuse
  readonly logs: LogReuse
  readonly shared: SharedRuns<Watch>
  /** Queries that were answered by one that was under way. */
  readonly joined: () => number
}

type Store = AppendWatch['store']

/**
 * Reuse over a store; all appends must go through `watch.store`. `maxBytes` bounds the points and panes that
 * are kept.
 */
export function makeQueryReuse(store: Store, maxBytes: number): QueryReuse {
  const watch = watchAppends(store)
  let joined = 0
  const shared = makeSharedRuns<Watch>(() => joined++)
  return {
    watch,
    ranges: makeRangeReuse(watch, maxBytes / 4),
    panes: makePaneReuse(watch, maxBytes / 2),
    logs: makeLogReuse(watch, maxBytes / 4),
    shared,
    joined: () => joined,
  }
}
