import { useEffect, useRef, useState } from 'react'
import { download } from '../export/download.ts'
import { type ExportFormat, exporter } from '../export/formats.ts'
import { messageOf } from '../loki/http.ts'
import { nsWindow, type Run } from '../state/use-logs.ts'
import { Dialog } from './dialog.tsx'
import { formatCount } from './format-number.ts'

interface DownloadDialogProps {
  readonly run: Run
  readonly columns: readonly string[]
  /** Lines the volume chart counted; null while unknown. */
  readonly expected: number | null
  /** Lines there are, where that is known exactly. */
  readonly exactTotal: number | null
  readonly onClose: () => void
}

const FORMATS: readonly (readonly [ExportFormat, string, string])[] = [
  ['ndjson', 'NDJSON', 'one JSON object per line: time, labels, metadata, line'],
  ['csv', 'CSV', 'time, level, service, your columns, line'],
  ['text', 'Text', 'the lines as they were written'],
]

/** Downloads everything the query matches, not only what is loaded. */
export function DownloadDialog({ run, columns, expected, exactTotal, onClose }: DownloadDialogProps) {
  const [format, setFormat] = useState<ExportFormat>('ndjson')
  const [state, setState] = useState<{ busy: boolean; lines: number; note: string }>({
    busy: false,
    lines: 0,
    note: '',
  })
  const control = useRef<AbortController>(null)
  useEffect(() => () => control.current?.abort(), [])
  const start = () => {
    const own = new AbortController()
    control.current = own
    const writer = exporter(format, columns)
    const from = new Date(run.window.fromMs).toISOString().slice(0, 19).replaceAll(':', '')
    const fileName = `logs-${from}.${writer.extension}`
    const { query, direction } = run
    setState({ busy: true, lines: 0, note: '' })
    const progress = (lines: number) => setState((old) => ({ ...old, lines }))
    download(
      { query, direction, window: nsWindow(run.window), exporter: writer, fileName },
      progress,
      own.signal,
    ).then(
      (lines) => setState({ busy: false, lines, note: `Done: ${formatCount(lines)} lines in ${fileName}` }),
      (error) =>
        setState({ busy: false, lines: 0, note: own.signal.aborted ? 'Cancelled.' : messageOf(error) }),
    )
  }
  return (
    <Dialog title="Download" onClose={onClose}>
      <fieldset className="formats">
        <legend className="hint">
          Every line this query matches in its time range
          {exactTotal !== null && `, ${formatCount(exactTotal)}`}
          {exactTotal === null && expected !== null && `, about ${formatCount(expected)}`}.
        </legend>
        {FORMATS.map(([value, name, what]) => (
          <label key={value}>
            <input
              type="radio"
              name="format"
              checked={format === value}
              onChange={() => setFormat(value)}
              disabled={state.busy}
            />
            <span>
              <b>{name}</b> <span className="muted">{what}</span>
            </span>
          </label>
        ))}
      </fieldset>
      <p className="hint num" role="status">
        {state.busy ? `${formatCount(state.lines)} lines …` : state.note}
      </p>
      <div className="dialog-buttons">
        {state.busy ? (
          <button type="button" className="button" onClick={() => control.current?.abort()}>
            Cancel
          </button>
        ) : (
          <button type="button" className="button primary" onClick={start}>
            Download
          </button>
        )}
      </div>
    </Dialog>
  )
}
