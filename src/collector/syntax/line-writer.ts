/** One line of output before its `=` is aligned. */
interface Line {
  readonly depth: number
  /** What stands before an aligned `=`; `undefined` on lines without one. */
  key: string | undefined
  text: string
  /** Lines of one section align their `=`; a section ends where the printer says so. */
  readonly section: number
}

/** Builds text line by line, indented with tabs, with the `=` of neighbouring lines aligned. */
export interface LineWriter {
  /** Appends to the current line. */
  write(text: string): void
  /** Ends the text before an `=` that is to be aligned; nothing may have been written after it yet. */
  endKey(): void
  /** Starts a new line. */
  newLine(): void
  /** An empty line, unless the output is empty or there is one already. */
  blankLine(): void
  indent(by: 1 | -1): void
  /** The lines from here on align among themselves. */
  newSection(): void
  isLineEmpty(): boolean
  /** How many line ends have been written, those inside raw strings and comments too. */
  lineEnds(): number
  toString(): string
}

/** An empty writer. */
export function makeLineWriter(): LineWriter {
  let depth = 0
  let section = 0
  let lineEnds = 0
  let current: Line = { depth, key: undefined, text: '', section }
  const lines: Line[] = [current]
  const isBlank = (line: Line): boolean => line.text === '' && line.key === undefined
  const startLine = (): void => {
    current = { depth, key: undefined, text: '', section }
    lines.push(current)
  }
  const newLine = (): void => {
    lineEnds++
    startLine()
  }
  return {
    write: (text) => {
      current.text += text
      lineEnds += text.split('\n').length - 1
    },
    endKey: () => {
      current.key = current.text
      current.text = ''
    },
    newLine,
    blankLine: () => {
      if (lines.length < 2 || lines.slice(-2).every(isBlank)) return
      if (lines.length === 1 && isBlank(current)) return
      section++
      newLine()
    },
    indent: (by) => {
      depth += by
      // An empty current line has not been indented yet as far as the reader can see.
      if (isBlank(current)) {
        lines.pop()
        startLine()
      }
    },
    newSection: () => {
      section++
      if (isBlank(current)) {
        lines.pop()
        startLine()
      }
    },
    isLineEmpty: () => isBlank(current),
    lineEnds: () => lineEnds,
    toString: () => alignLines(lines),
  }
}

/** Aligns each run of neighbouring lines that have a key, the same depth and the same section. */
function alignLines(lines: readonly Line[]): string {
  const out: string[] = []
  for (let i = 0; i < lines.length; ) {
    let end = i + 1
    const first = lines[i]
    while (
      end < lines.length &&
      first.key !== undefined &&
      lines[end].key !== undefined &&
      lines[end].depth === first.depth &&
      lines[end].section === first.section
    ) {
      end++
    }
    const run = lines.slice(i, end)
    const width = Math.max(...run.map((line) => [...(line.key ?? '')].length))
    for (const line of run) out.push(renderLine(line, width))
    i = end
  }
  return `${out.join('\n').trim()}\n`
}

function renderLine(line: Line, width: number): string {
  const key = line.key === undefined ? '' : line.key + ' '.repeat(width - [...line.key].length)
  const text = key + line.text
  return text === '' ? '' : '\t'.repeat(line.depth) + text
}
