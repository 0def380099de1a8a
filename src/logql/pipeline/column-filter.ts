import type { ColumnText, FieldColumn } from '#store/types.ts'
import type { CompareOp, LabelFilter } from '../syntax/ast.ts'
import { compareNumbers } from '../syntax/fold.ts'
import { ByteStrings } from './byte-strings.ts'
import { readDecimal } from './decimal-bytes.ts'
import { parseIpPattern } from './ip-range.ts'
import { scanForAddress } from './ip-scan.ts'
import { compileCompareTest, compileStringTest, MAX_REMEMBERED } from './label-filter.ts'
import type { LabelSources } from './label-source.ts'
import { ERROR_LABEL } from './names.ts'
import { asBuffer } from './row.ts'

/**
 * What a filter says of a row: no, yes, that only the row's own way through the stages can tell, or no but
 * with an error set on the way.
 */
export type Outcome = 0 | 1 | 2 | 3
/** The row is out. */
export const REJECTS: Outcome = 0
/** The row stays, without an error. */
export const PASSES: Outcome = 1
/** The filter sets the line's error, and the line stays. */
export const UNKNOWN: Outcome = 2
/** The row is out, unless an `or` around the filter keeps it: then it has an error. */
export const REJECTS_MARKED: Outcome = 3

/** Outcomes that have not been worked out. */
const NOT_YET = 255

/** A label filter over the columns of a batch. */
export interface ColumnFilter {
  /**
   * The outcome for each of `rows`; `sets` tells the metadata set of each row of the batch. Undefined where
   * columns do not have a label that the filter looks at.
   */
  test(sources: LabelSources, rows: Uint32Array, sets: Uint32Array): Outcomes | undefined
  /** Whether it passes lines that have an error already, whatever their labels. */
  readonly heedsErrors: boolean
}

/** One {@link Outcome} per row. */
export type Outcomes = Uint8Array

/** Compiles a label filter for columns; the rows' earlier stages have set no error. */
export function compileColumnFilter(filter: LabelFilter): ColumnFilter {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return joined(filter)
    default:
      return compileLeaf(filter)
  }
}

// First outcome · 4 + second outcome. The right side of `and` runs in any case, that of `or` where the left
// does not pass. A second filter that heeds errors passes what the first has marked.
const AND = Uint8Array.of(0, 0, 3, 3, 0, 1, 2, 3, 3, 2, 2, 3, 3, 3, 3, 3)
const AND_HEEDING = Uint8Array.of(0, 0, 3, 3, 0, 1, 2, 3, 2, 2, 2, 2, 3, 3, 3, 3)
const OR = Uint8Array.of(0, 1, 2, 3, 1, 1, 1, 1, 2, 2, 2, 2, 3, 2, 2, 3)
const OR_HEEDING = Uint8Array.of(0, 1, 2, 3, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2)

/** The outcomes of two filters that both must pass, one after the other; written into `first`. */
export function bothPass(first: Outcomes, second: Outcomes, { heedsErrors }: ColumnFilter): Outcomes {
  return combine(first, second, heedsErrors ? AND_HEEDING : AND)
}

function combine(first: Outcomes, second: Outcomes, table: Uint8Array): Outcomes {
  for (let i = 0; i < first.length; i++) first[i] = table[first[i] * 4 + second[i]]
  return first
}

function joined({ kind, left, right }: LabelFilter & { kind: 'and' | 'or' }): ColumnFilter {
  const one = compileColumnFilter(left)
  const other = compileColumnFilter(right)
  return {
    heedsErrors: one.heedsErrors || other.heedsErrors,
    test: (sources, rows, sets) => {
      const first = one.test(sources, rows, sets)
      const second = first && other.test(sources, rows, sets)
      if (first === undefined || second === undefined) return undefined
      if (kind === 'and') return bothPass(first, second, other)
      return combine(first, second, other.heedsErrors ? OR_HEEDING : OR)
    },
  }
}

type Leaf = Exclude<LabelFilter, { kind: 'and' | 'or' }>

/** The test of one label. */
interface ValueTest {
  readonly of: (text: string) => Outcome
  /** For rows without the label. */
  readonly absent: Outcome
  /** How numbers compare, where the filter compares plain numbers. */
  readonly number: { readonly op: CompareOp | '='; readonly value: number } | undefined
  /** The one text that passes, where that is known. */
  readonly only: Uint8Array | undefined
}

function compileLeaf(filter: Leaf): ColumnFilter {
  const test = compileTest(filter)
  const name = filter.kind === 'string' ? filter.matcher.name : filter.name
  const strings = new ByteStrings()
  const run: ColumnFilter['test'] = (sources, rows, sets) => {
    const outcomes = new Uint8Array(rows.length)
    // No error has been set on these rows.
    if (name === ERROR_LABEL) return outcomes.fill(test.of(''))
    const source = sources.of(name)
    if (source === undefined) return undefined
    if (source.kind === 'constant') return outcomes.fill(outcomeOf(test, source.text))
    if (source.kind === 'metadata') {
      const bySet = source.texts.map((text) => outcomeOf(test, text))
      for (let i = 0; i < rows.length; i++) outcomes[i] = bySet[sets[rows[i]]]
      return outcomes
    }
    testField(source.column, test, rows, strings, outcomes)
    return outcomes
  }
  return { test: run, heedsErrors: filter.kind === 'ip' || name === ERROR_LABEL }
}

function outcomeOf(test: ValueTest, text: string | undefined): Outcome {
  return text === undefined ? test.absent : test.of(text)
}

function compileTest(filter: Leaf): ValueTest {
  if (filter.kind === 'string') {
    const test = compileStringTest(filter)
    const of = remembered((text) => (test(text) ? PASSES : REJECTS))
    const { op, value } = filter.matcher
    const only = op === '=' && value !== '' ? Buffer.from(value) : undefined
    return { of, absent: of(''), number: undefined, only }
  }
  if (filter.kind === 'ip') {
    const wanted = filter.op === '='
    const range = ipRange(filter.pattern)
    const of = (text: string): Outcome =>
      range === undefined ? UNKNOWN : scanForAddress(text, range) === wanted ? PASSES : REJECTS
    return { of: remembered(of), absent: REJECTS, number: undefined, only: undefined }
  }
  const test = compileCompareTest(filter)
  const of = remembered((text): Outcome => {
    try {
      return test(text) ? PASSES : REJECTS
    } catch {
      return UNKNOWN
    }
  })
  const isPlain = filter.unit === 'number' && !Number.isNaN(filter.value)
  const number = isPlain ? { op: filter.op, value: filter.value } : undefined
  return { of, absent: REJECTS, number, only: undefined }
}

function ipRange(pattern: string): ReturnType<typeof parseIpPattern> | undefined {
  try {
    return parseIpPattern(pattern)
  } catch {
    return undefined
  }
}

function remembered(test: (text: string) => Outcome): (text: string) => Outcome {
  const known = new Map<string, Outcome>()
  return (text) => {
    let outcome = known.get(text)
    if (outcome === undefined) {
      outcome = test(text)
      if (known.size >= MAX_REMEMBERED) known.clear()
      known.set(text, outcome)
    }
    return outcome
  }
}

function testField(
  column: FieldColumn,
  test: ValueTest,
  rows: Uint32Array,
  strings: ByteStrings,
  outcomes: Outcomes,
): void {
  const values = column.values()
  if (values.kind === 'numbers' && test.number !== undefined) {
    testNumbers(column.valueIndex, values.numbers, test.number, rows, outcomes)
    return
  }
  const texts = values.kind === 'numbers' ? column.texts() : values.texts
  const ids = values.kind === 'dictionary' ? values.ids : texts.ids
  if (ids !== undefined) testTexts(column.valueIndex, texts, ids, test, rows, strings, outcomes)
  else if (test.only !== undefined) testEqual(column.valueIndex, texts, test.only, rows, outcomes)
  else testTexts(column.valueIndex, texts, undefined, test, rows, strings, outcomes)
}

function testNumbers(
  valueIndex: Int32Array,
  numbers: Float64Array,
  { op, value }: { readonly op: CompareOp | '='; readonly value: number },
  rows: Uint32Array,
  outcomes: Outcomes,
): void {
  // Of each operator: whether what is less, equal and greater passes.
  const less = compareNumbers(op, 0, 1)
  const equal = compareNumbers(op, 0, 0)
  const greater = compareNumbers(op, 1, 0)
  for (let i = 0; i < rows.length; i++) {
    const at = valueIndex[rows[i]]
    if (at < 0) continue
    const number = numbers[at]
    if (number < value ? less : number > value ? greater : equal) outcomes[i] = PASSES
  }
}

/** Looks at each distinct text once, where values share texts. */
function testTexts(
  valueIndex: Int32Array,
  { bytes, from, to }: ColumnText,
  ids: Uint32Array | undefined,
  test: ValueTest,
  rows: Uint32Array,
  strings: ByteStrings,
  outcomes: Outcomes,
): void {
  const buffer = asBuffer(bytes)
  const known = new Uint8Array(from.length).fill(NOT_YET)
  const { absent, number } = test
  for (let i = 0; i < rows.length; i++) {
    const at = valueIndex[rows[i]]
    if (at < 0) {
      outcomes[i] = absent
      continue
    }
    const text = ids === undefined ? at : ids[at]
    if (known[text] === NOT_YET) {
      const decimal = number && readDecimal(buffer, from[text], to[text])
      known[text] =
        number !== undefined && decimal !== undefined
          ? Number(compareNumbers(number.op, decimal, number.value))
          : test.of(strings.decode(buffer, from[text], to[text]))
    }
    outcomes[i] = known[text]
  }
}

function testEqual(
  valueIndex: Int32Array,
  { bytes, from, to }: ColumnText,
  only: Uint8Array,
  rows: Uint32Array,
  outcomes: Outcomes,
): void {
  const { length } = only
  for (let i = 0; i < rows.length; i++) {
    const at = valueIndex[rows[i]]
    if (at < 0 || to[at] - from[at] !== length) continue
    const start = from[at]
    let same = 0
    while (same < length && bytes[start + same] === only[same]) same++
    if (same === length) outcomes[i] = PASSES
  }
}
