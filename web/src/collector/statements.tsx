import { useMemo, useState } from 'react'
import { formatCount } from '../ui/format-number.ts'
import type { ApiStatement } from './api.ts'
import { printStatements } from './print-statements.ts'

/** Characters that are shown at first: a thousand targets have millions. */
const SHOWN_CHARS = 4_000

/** Arguments or exports, as they would stand in a configuration. */
export function Statements({ statements }: { readonly statements: readonly ApiStatement[] }) {
  const [whole, setWhole] = useState(false)
  const text = useMemo(() => printStatements(statements), [statements])
  const isCut = text.length > SHOWN_CHARS && !whole
  return (
    <>
      <pre className="statements" dir="ltr">
        {isCut ? `${text.slice(0, text.lastIndexOf('\n', SHOWN_CHARS) || SHOWN_CHARS)}\n…` : text}
      </pre>
      {isCut && (
        <button type="button" className="button" onClick={() => setWhole(true)}>
          Show all {formatCount(text.split('\n').length)} lines
        </button>
      )}
    </>
  )
}
