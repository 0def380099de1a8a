import { useEffect, useRef, useState } from 'react'
import { queryRange } from '../loki/api.ts'
import { messageOf } from '../loki/http.ts'
import { streamSelector } from '../query/build.ts'
import { freshRows } from '../rows/pager.ts'
import { rowLevel, rowService } from '../rows/parse-line.ts'
import { addNs, type LogRow, rowKey } from '../rows/row.ts'
import { Dialog } from './dialog.tsx'
import { RowLine, type RowView } from './log-row.tsx'

interface ContextDialogProps {
  readonly row: LogRow
  readonly view: RowView
  readonly onClose: () => void
}

const STEP = 20
/** How far to look for neighbours: a day to either side. */
const REACH_NS = 86_400_000_000_000

interface Side {
  readonly rows: readonly LogRow[]
  readonly done: boolean
}

/** The lines around one line in the same stream, oldest first, whatever the query filters. */
export function ContextDialog({ row, view, onClose }: ContextDialogProps) {
  const [before, setBefore] = useState<Side>({ rows: [], done: false })
  const [after, setAfter] = useState<Side>({ rows: [], done: false })
  const [error, setError] = useState('')
  const control = useRef(new AbortController())
  const here = useRef<HTMLDivElement>(null)
  const load = (direction: 'backward' | 'forward', known: Side, put: (side: Side) => void) => {
    const limit = known.rows.length + STEP
    neighbours(row, direction, limit, control.current.signal)
      .then(put)
      .catch((thrown) => control.current.signal.aborted || setError(messageOf(thrown)))
  }
  // biome-ignore lint/correctness/useExhaustiveDependencies: once per row; "load" only closes over it
  useEffect(() => {
    control.current = new AbortController()
    load('backward', { rows: [], done: false }, setBefore)
    load('forward', { rows: [], done: false }, setAfter)
    return () => control.current.abort()
  }, [row])
  // biome-ignore lint/correctness/useExhaustiveDependencies: only when neighbours arrive first
  useEffect(() => {
    here.current?.scrollIntoView({ block: 'center' })
  }, [before.rows.length > 0])
  const plain = { ...view, columns: [], needles: [] }
  const line = (one: LogRow, current: boolean) => (
    <div
      key={one.id}
      className="row"
      ref={current ? here : undefined}
      data-level={rowLevel(one)}
      aria-current={current || undefined}
    >
      <RowLine row={one} view={plain} expanded={false} onToggle={() => {}} />
    </div>
  )
  return (
    <Dialog title={`Around this line in ${rowService(row)}`} wide onClose={onClose}>
      {error !== '' && <p className="hint">{error}</p>}
      <div className="context-list" data-wrap={view.wrap || undefined}>
        <MoreButton side={before} word="earlier" onMore={() => load('backward', before, setBefore)} />
        {before.rows.map((one) => line(one, false))}
        {line(row, true)}
        {after.rows.map((one) => line(one, false))}
        <MoreButton side={after} word="later" onMore={() => load('forward', after, setAfter)} />
      </div>
    </Dialog>
  )
}

function MoreButton(props: { readonly side: Side; readonly word: string; readonly onMore: () => void }) {
  if (props.side.done) return <p className="hint">No {props.word} lines within a day.</p>
  return (
    <button type="button" className="button quiet" onClick={props.onMore}>
      {STEP} {props.word} lines
    </button>
  )
}

/** The nearest lines of the row's stream on one side, in time order. */
async function neighbours(
  row: LogRow,
  direction: 'backward' | 'forward',
  limit: number,
  signal: AbortSignal,
): Promise<Side> {
  const back = direction === 'backward'
  const startNs = back ? addNs(row.tsNs, -REACH_NS) : row.tsNs
  const endNs = back ? addNs(row.tsNs, 1) : addNs(row.tsNs, REACH_NS)
  const query = streamSelector(row.stream.labels)
  const answer = await queryRange({ query, startNs, endNs, limit: limit + 1, direction }, signal)
  const ascending = back ? answer.rows.toReversed() : [...answer.rows]
  const own = answer.rows.find((one) => rowKey(one) === rowKey({ ...row, stream: one.stream }))
  const sameTime = ascending.filter((one) => one.tsNs === row.tsNs)
  // Lines of the very same time appear once: before those that follow the row, after those that precede it.
  const at = own === undefined ? -1 : sameTime.indexOf(own)
  const wrongSide = own === undefined ? [] : back ? sameTime.slice(at) : sameTime.slice(0, at + 1)
  const rows = freshRows(wrongSide, ascending)
  return { rows: back ? rows.slice(-limit) : rows.slice(0, limit), done: answer.rows.length <= limit }
}
