import { type FormEvent, useState } from 'react'
import type { Direction } from '../rows/pager.ts'
import { Icon } from './icons.tsx'

/** How a text search treats the text. */
export type TextSearch = 'contains' | 'lacks' | 'any-case'

interface ToolbarProps {
  readonly direction: Direction
  readonly wrap: boolean
  readonly columns: readonly string[]
  readonly onDirection: () => void
  readonly onWrap: () => void
  readonly onClearColumns: () => void
  readonly onText: (how: TextSearch, text: string) => void
  readonly onDownload: () => void
}

/** Text search for those who do not write LogQL, and how the list looks. */
export function Toolbar(props: ToolbarProps) {
  const newest = props.direction === 'backward'
  return (
    <div className="toolbar" role="toolbar" aria-label="Lines">
      <TextSearchForm onText={props.onText} />
      <span className="spacer" />
      {props.columns.length > 0 && (
        <button
          type="button"
          className="button quiet"
          title="Remove all columns"
          onClick={props.onClearColumns}
        >
          <Icon name="columns" />
          {props.columns.length} {props.columns.length === 1 ? 'column' : 'columns'}
          <Icon name="close" />
        </button>
      )}
      <button
        type="button"
        className="button quiet"
        title={newest ? 'Show the oldest lines first' : 'Show the newest lines first'}
        onClick={props.onDirection}
      >
        <Icon name={newest ? 'newest' : 'oldest'} />
        {newest ? 'Newest first' : 'Oldest first'}
      </button>
      <button
        type="button"
        className="button quiet"
        aria-pressed={props.wrap}
        title="Wrap long lines (w)"
        onClick={props.onWrap}
      >
        <Icon name="wrap" />
        Wrap
      </button>
      <button
        type="button"
        className="button quiet"
        title="Download the lines of this query"
        onClick={props.onDownload}
      >
        <Icon name="download" />
        Download
      </button>
    </div>
  )
}

function TextSearchForm({ onText }: Pick<ToolbarProps, 'onText'>) {
  const [how, setHow] = useState<TextSearch>('contains')
  const [text, setText] = useState('')
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (text === '') return
    onText(how, text)
    setText('')
  }
  return (
    <form className="text-search" onSubmit={submit}>
      <Icon name="search" />
      <select aria-label="How to search" value={how} onChange={(e) => setHow(e.target.value as TextSearch)}>
        <option value="contains">contains</option>
        <option value="any-case">contains, any case</option>
        <option value="lacks">does not contain</option>
      </select>
      <input
        aria-label="Text to search for"
        placeholder="text, an id, an address …"
        value={text}
        onChange={(event) => setText(event.target.value)}
        spellCheck={false}
      />
    </form>
  )
}
