import type { Range } from './ast.ts'
import { type LineWriter, makeLineWriter } from './line-writer.ts'
import { lineIndexAt, type Source } from './source.ts'
import type { Comment } from './token.ts'

/**
 * Writes the tokens of a source in order, puts each comment back in its place, and knows where line breaks
 * were.
 */
export interface PrintCursor {
  readonly source: Source
  readonly out: LineWriter
  /** Writes a token that stands at `range` in the source, after `space` and the comments before it. */
  token(text: string, range: Range, space?: string): void
  /** Writes text that has no place of its own in the source: a comma, a space. */
  write(text: string): void
  /** Writes the comments that start before `offset` and have not been written. */
  commentsBefore(offset: number): void
  /** Writes the next comment if it starts before `offset` and on the line that was written last. */
  trailingComment(offset: number): void
  /** Where the next unwritten comment before `offset` starts. */
  nextCommentBefore(offset: number): number | undefined
  /** Ends the current line, unless it is empty. */
  breakLine(): void
  /** A line comment has been written: whatever follows needs a line of its own. */
  mustBreak(): boolean
  /** How many lines of the source lie between what was written last and `offset`. */
  linesSince(offset: number): number
  /** Goes on as if everything before `offset` had been written. */
  skipTo(offset: number): void
  lineOf(offset: number): number
}

/** A cursor at the start of a source. */
export function makePrintCursor(source: Source, comments: readonly Comment[]): PrintCursor {
  const out = makeLineWriter()
  let nextComment = 0
  let lastEnd = 0
  let mustBreak = false

  const lineOf = (offset: number): number => lineIndexAt(source, Math.min(offset, source.text.length))
  const linesSince = (offset: number): number => lineOf(offset) - lineOf(lastEnd)
  const breakLine = (): void => {
    mustBreak = false
    if (!out.isLineEmpty()) out.newLine()
  }
  const write = (text: string): void => {
    if (mustBreak && text.trim() !== '') {
      breakLine()
      text = text.trimStart()
    }
    if (!mustBreak) out.write(out.isLineEmpty() ? text.trimStart() : text)
  }
  const writeComment = (comment: Comment): void => {
    const distance = linesSince(comment.start)
    if (distance === 0 && lastEnd > 0) write(' ')
    else {
      breakLine()
      if (distance > 1) out.blankLine()
    }
    write(comment.text)
    lastEnd = comment.end
    mustBreak = comment.text.startsWith('//')
    if (comment.text.includes('\n')) out.newSection()
  }
  const nextCommentBefore = (offset: number): number | undefined => {
    const start = comments[nextComment]?.start
    return start !== undefined && start < offset ? start : undefined
  }
  const commentsBefore = (offset: number): void => {
    while (nextCommentBefore(offset) !== undefined) writeComment(comments[nextComment++])
  }
  return {
    source,
    out,
    token: (text, range, space = '') => {
      commentsBefore(range.start)
      write(space + text)
      lastEnd = range.end
    },
    write,
    commentsBefore,
    trailingComment: (offset) => {
      const start = nextCommentBefore(offset)
      if (start !== undefined && linesSince(start) === 0) writeComment(comments[nextComment++])
    },
    nextCommentBefore,
    breakLine,
    mustBreak: () => mustBreak,
    linesSince,
    skipTo: (offset) => {
      lastEnd = Math.max(lastEnd, offset)
    },
    lineOf,
  }
}

/** The range of a token of `length` characters. */
export function tokenAt(start: number, length = 1): Range {
  return { start, end: start + length }
}
