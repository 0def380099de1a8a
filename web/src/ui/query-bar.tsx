import { lazy, type Ref, Suspense, useState } from 'react'
import type { LokiError } from '../loki/http.ts'
import type { HistoryEntry } from '../state/query-history.ts'
import type { CompletionData } from './editor-completion.ts'
import { HistoryMenu } from './history-menu.tsx'
import { Icon } from './icons.tsx'
import './query-bar.css'

const Editor = lazy(() => import('./editor.tsx').then((module) => ({ default: module.Editor })))

/** Lets other parts put the cursor into the query. */
export interface EditorHandle {
  readonly focus: () => void
}

interface QueryBarProps {
  readonly draft: string
  readonly onDraft: (query: string) => void
  readonly onRun: (query: string) => void
  readonly running: boolean
  readonly error: LokiError | null
  /** The query that `error` is about. */
  readonly errorQuery: string
  readonly history: readonly HistoryEntry[]
  readonly onPin: (query: string) => void
  readonly completion: CompletionData
  readonly editor: Ref<EditorHandle>
}

/** The query, the button that runs it, its history, and what the server says is wrong with it. */
export function QueryBar(props: QueryBarProps) {
  const { draft, error, errorQuery } = props
  const [historyOpen, setHistoryOpen] = useState(false)
  const shown = error !== null && draft === errorQuery ? error : null
  return (
    <section className="query-bar" aria-label="Query">
      <div className="query-line" data-invalid={shown !== null || undefined}>
        <Suspense fallback={<PlainEditor draft={draft} onDraft={props.onDraft} onRun={props.onRun} />}>
          <Editor
            value={draft}
            onChange={props.onDraft}
            onRun={props.onRun}
            errorAt={
              shown?.col == null ? null : { line: shown.line ?? 1, col: shown.col, message: shown.message }
            }
            completion={props.completion}
            handle={props.editor}
          />
        </Suspense>
        <HistoryMenu
          open={historyOpen}
          onOpen={setHistoryOpen}
          history={props.history}
          onPin={props.onPin}
          onChoose={(query) => {
            setHistoryOpen(false)
            props.onRun(query)
          }}
        />
        <button
          type="button"
          className="button primary run"
          aria-keyshortcuts="Control+Enter Meta+Enter"
          title="Run the query (Enter, ⌘⏎ or Ctrl+⏎)"
          onClick={() => props.onRun(draft)}
        >
          <Icon name={props.running ? 'refresh' : 'play'} />
          Run
        </button>
      </div>
      {error !== null && <QueryError error={error} query={shown === null ? '' : draft} />}
    </section>
  )
}

/** What stands in for the editor until its code has arrived: the same text, usable at once. */
function PlainEditor(props: Pick<QueryBarProps, 'draft' | 'onDraft' | 'onRun'>) {
  return (
    <textarea
      className="plain-editor"
      aria-label="LogQL query"
      rows={1}
      spellCheck={false}
      value={props.draft}
      onChange={(event) => props.onDraft(event.target.value)}
      onKeyDown={(event) => {
        if (event.key !== 'Enter' || event.shiftKey) return
        event.preventDefault()
        props.onRun(props.draft)
      }}
    />
  )
}

/** The server's words, and the place they point at. */
function QueryError({ error, query }: { readonly error: LokiError; readonly query: string }) {
  const line = query.split('\n')[(error.line ?? 1) - 1] ?? ''
  const at = error.col === null ? null : Math.min(error.col - 1, line.length)
  return (
    <div className="query-error" role="alert">
      {at !== null && line !== '' && (
        <pre aria-hidden="true">
          {line.slice(Math.max(0, at - 60), at)}
          <mark>{line.slice(at, at + 1) || ' '}</mark>
          {line.slice(at + 1, at + 60)}
        </pre>
      )}
      <p>{error.message}</p>
    </div>
  )
}
