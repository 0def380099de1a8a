import { errorMessage } from '#base/errors.ts'
import { compilePattern } from '../pipeline/pattern-compile.ts'
import { compileRegexpCaptures } from '../pipeline/regexp-captures.ts'
import type { Extraction, LabelFormat, LineFilter, LineFilterOp, NamedTarget, Stage } from './ast.ts'
import type { Cursor } from './cursor.ts'
import { parseLabelFilter } from './parse-label-filter.ts'
import { isMatcherOp, makeMatcher } from './parse-selector.ts'

const LINE_FILTER_OPS: ReadonlySet<string> = new Set(['|=', '!=', '|~', '!~', '|>', '!>'])

function isLineFilterOp(kind: string): kind is LineFilterOp {
  return LINE_FILTER_OPS.has(kind)
}

/** Whether a stage begins at the cursor; `| unwrap` belongs to the range expression around. */
export function atStage(cursor: Cursor): boolean {
  return isLineFilterOp(cursor.token.kind) || (cursor.is('|') && cursor.nextKind !== 'unwrap')
}

/** One stage, with its leading `|` or line filter operator. */
export function parseStage(cursor: Cursor): Stage {
  const op = cursor.token.kind
  if (isLineFilterOp(op)) return parseLineFilter(cursor, op)
  cursor.expect('|')
  switch (cursor.token.kind) {
    case 'json':
      cursor.take()
      return { kind: 'json', extractions: parseExtractions(cursor) }
    case 'logfmt':
      cursor.take()
      return parseLogfmt(cursor)
    case 'regexp':
      cursor.take()
      return parseRegexp(cursor)
    case 'pattern':
      cursor.take()
      return parsePattern(cursor)
    case 'unpack':
      cursor.take()
      return { kind: 'unpack' }
    case 'line_format':
      cursor.take()
      return { kind: 'lineFormat', template: cursor.expect('STRING').text }
    case 'label_format':
      cursor.take()
      return { kind: 'labelFormat', formats: parseList(cursor, parseLabelFormat) }
    case 'decolorize':
      cursor.take()
      return { kind: 'decolorize' }
    case 'drop':
    case 'keep': {
      const kind = cursor.take().kind === 'drop' ? 'drop' : 'keep'
      return { kind, targets: parseList(cursor, parseNamedTarget) }
    }
    default:
      return { kind: 'labelFilter', filter: parseLabelFilter(cursor) }
  }
}

/** `item {"," item}`, where each item begins with an identifier. */
function parseList<T>(cursor: Cursor, parseItem: (cursor: Cursor, name: string) => T): T[] {
  const items: T[] = []
  do items.push(parseItem(cursor, cursor.expect('IDENTIFIER').text))
  while (cursor.accept(','))
  return items
}

function parseLineFilter(cursor: Cursor, op: LineFilterOp): LineFilter {
  cursor.take()
  const operands = []
  do {
    if (cursor.is('STRING')) operands.push({ ip: false, value: cursor.take().text })
    else {
      cursor.expect('ip', 'STRING or ip')
      cursor.expect('(')
      operands.push({ ip: true, value: cursor.expect('STRING').text })
      cursor.expect(')')
    }
  } while (cursor.accept('or'))
  return { kind: 'lineFilter', op, operands }
}

function parseLogfmt(cursor: Cursor): Stage {
  let strict = false
  let keepEmpty = false
  while (cursor.is('FUNCTION_FLAG')) {
    if (cursor.take().text === '--strict') strict = true
    else keepEmpty = true
  }
  return { kind: 'logfmt', strict, keepEmpty, extractions: parseExtractions(cursor) }
}

function parseExtractions(cursor: Cursor): Extraction[] {
  if (!cursor.is('IDENTIFIER')) return []
  return parseList(cursor, (_, name) => {
    const path = cursor.accept('=') ? cursor.expect('STRING').text : name
    return { name, path }
  })
}

function parseRegexp(cursor: Cursor): Stage {
  const pattern = cursor.expect('STRING').text
  try {
    compileRegexpCaptures(pattern)
  } catch (thrown) {
    cursor.defer(`invalid regexp parser: ${errorMessage(thrown)}`)
  }
  return { kind: 'regexp', pattern }
}

function parsePattern(cursor: Cursor): Stage {
  const pattern = cursor.expect('STRING').text
  try {
    compilePattern(pattern)
  } catch (thrown) {
    cursor.defer(`invalid pattern parser: ${errorMessage(thrown)}`)
  }
  return { kind: 'pattern', pattern }
}

function parseLabelFormat(cursor: Cursor, name: string): LabelFormat {
  cursor.expect('=')
  if (cursor.is('IDENTIFIER')) return { name, kind: 'rename', value: cursor.take().text }
  return { name, kind: 'template', value: cursor.expect('STRING', 'IDENTIFIER or STRING').text }
}

function parseNamedTarget(cursor: Cursor, name: string): NamedTarget {
  const op = cursor.token.kind
  if (!isMatcherOp(op)) return { name }
  cursor.take()
  return makeMatcher(name, op, cursor.expect('STRING').text)
}
