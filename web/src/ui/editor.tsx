import {
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  closeCompletion,
  completionKeymap,
} from '@codemirror/autocomplete'
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands'
import { bracketMatching, syntaxHighlighting } from '@codemirror/language'
import { setDiagnostics } from '@codemirror/lint'
import { EditorState, Prec } from '@codemirror/state'
import { drawSelection, EditorView, keymap, placeholder, tooltips } from '@codemirror/view'
import { type Ref, useEffect, useImperativeHandle, useRef } from 'react'
import { type CompletionData, completionSource } from './editor-completion.ts'
import { logqlHighlight, logqlLanguage } from './editor-language.ts'
import type { EditorHandle } from './query-bar.tsx'

/** A place in the query that the server complains about; line and column count from 1. */
export interface EditorError {
  readonly line: number
  readonly col: number
  readonly message: string
}

interface EditorProps {
  readonly value: string
  readonly onChange: (value: string) => void
  readonly onRun: (value: string) => void
  readonly errorAt: EditorError | null
  readonly completion: CompletionData
  readonly handle: Ref<EditorHandle>
}

/** The query editor: colours, completion, the error where it is. Enter runs, Shift+Enter breaks the line. */
export function Editor({ value, onChange, onRun, errorAt, completion, handle }: EditorProps) {
  const host = useRef<HTMLDivElement>(null)
  const view = useRef<EditorView>(null)
  const latest = useRef({ onChange, onRun, completion })
  latest.current = { onChange, onRun, completion }
  const initial = useRef(value)

  useEffect(() => {
    if (host.current === null) return
    const editor = new EditorView({
      parent: host.current,
      state: EditorState.create({ doc: initial.current, extensions: extensions(latest) }),
    })
    view.current = editor
    return () => editor.destroy()
  }, [])

  useEffect(() => {
    const editor = view.current
    if (editor === null || editor.state.doc.toString() === value) return
    const cursor = Math.min(editor.state.selection.main.head, value.length)
    const changes = { from: 0, to: editor.state.doc.length, insert: value }
    editor.dispatch({ changes, selection: { anchor: cursor } })
  }, [value])

  useEffect(() => {
    const editor = view.current
    if (editor === null) return
    editor.dispatch(setDiagnostics(editor.state, errorAt === null ? [] : [diagnostic(editor.state, errorAt)]))
  }, [errorAt])

  useImperativeHandle(handle, () => ({ focus: () => view.current?.focus() }), [])
  return <div className="editor" ref={host} />
}

function diagnostic(state: EditorState, error: EditorError) {
  const line = state.doc.line(Math.min(error.line, state.doc.lines))
  const from = Math.min(line.from + error.col - 1, line.to)
  // At the end of the text there is nothing to underline but the last character.
  const at = from === line.to && from > line.from ? from - 1 : from
  return { from: at, to: Math.min(at + 1, line.to), severity: 'error' as const, message: error.message }
}

interface Latest {
  readonly current: Pick<EditorProps, 'onChange' | 'onRun' | 'completion'>
}

function extensions(latest: Latest) {
  const run = (view: EditorView) => {
    closeCompletion(view)
    latest.current.onRun(view.state.doc.toString())
    return true
  }
  return [
    Prec.highest(keymap.of([{ key: 'Mod-Enter', run }])),
    // Enter runs only where the completion list does not take it.
    autocompletion({ override: [completionSource(() => latest.current.completion)], icons: false }),
    keymap.of([...completionKeymap, { key: 'Enter', run }, ...closeBracketsKeymap, ...historyKeymap]),
    keymap.of(defaultKeymap),
    history(),
    drawSelection(),
    closeBrackets(),
    bracketMatching(),
    EditorView.lineWrapping,
    logqlLanguage,
    syntaxHighlighting(logqlHighlight),
    tooltips({ position: 'absolute' }),
    placeholder('{service="…"} |= "text"   ·   Ctrl+Space completes'),
    EditorView.contentAttributes.of({ 'aria-label': 'LogQL query', spellcheck: 'false', autocorrect: 'off' }),
    EditorView.updateListener.of((update) => {
      if (update.docChanged) latest.current.onChange(update.state.doc.toString())
    }),
  ]
}
