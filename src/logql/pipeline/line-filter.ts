import { literalBytes } from '#base/go-literals.ts'
import type { RegexNode } from '#base/regex/ast.ts'
import { requiredTexts } from '#base/regex/literals.ts'
import { parsePattern } from '#base/regex/parse.ts'
import { compileRegex } from '#base/regex/regex.ts'
import type { LinePredicate } from '#store/types.ts'
import type { LineFilter, LineFilterOp, LineFilterOperand } from '../syntax/ast.ts'
import { foldableFragment } from './folded-needle.ts'
import { parseIpPattern } from './ip-range.ts'
import { scanForAddress } from './ip-scan.ts'
import { escapePattern } from './label-regex.ts'
import { compileLinePattern } from './line-pattern.ts'
import { type Leg, regexLegs } from './regex-legs.ts'
import type { Row, StageRun } from './row.ts'

/** One line filter, ready to run. */
export interface CompiledLineFilter {
  readonly run: StageRun
  /** A condition on the line's bytes that every line which passes meets; undefined where none is known. */
  readonly predicate: LinePredicate | undefined
  /** Whether the predicate is all there is to the filter. */
  readonly isPredicate: boolean
  /** Texts that every line which passes contains, all of them, in any case. */
  readonly foldedTexts?: readonly string[]
}

const KEEP_ALL: CompiledLineFilter = { run: () => true, predicate: undefined, isPredicate: false }
const DROP_ALL: CompiledLineFilter = { run: () => false, predicate: undefined, isPredicate: false }

/**
 * Compiles one line filter. Alternatives that match everything are left out of a positive chain, unless
 * nothing else is in it.
 * @throws Error where a pattern is none: an expression, an address, a line pattern
 */
export function compileLineFilter(filter: LineFilter): CompiledLineFilter {
  const { op, operands } = filter
  const positive = op.startsWith('|')
  const telling = operands.filter((operand) => operand.ip || !matchesEverything(op, operand))
  // A negative chain is as many filters: one that refuses everything does.
  if (telling.length === 0 || (!positive && telling.length < operands.length)) {
    for (const operand of operands) compileOperand(op, operand)
    return positive ? KEEP_ALL : DROP_ALL
  }
  if ((op === '|=' || op === '!=') && telling.every((operand) => !operand.ip)) {
    return compileContains(
      telling.map((operand) => literalBytes(operand.value)),
      positive,
    )
  }
  if (op === '|~' || op === '!~')
    return compilePatterns(
      telling.map(({ value, ip }) => (ip ? refuseIp() : value)),
      positive,
    )
  const tests = telling.map((operand) => compileOperand(op, operand))
  if (tests.length === 1) {
    const [test] = tests
    return { run: positive ? test : (row) => !test(row), predicate: undefined, isPredicate: false }
  }
  return {
    run: (row) => tests.some((test) => test(row)) === positive,
    predicate: undefined,
    isPredicate: false,
  }
}

function refuseIp(): never {
  throw new Error('ip: invalid operation')
}

/** Filters by pattern. Where all of them come down to text, it is searched as such. */
function compilePatterns(sources: readonly string[], positive: boolean): CompiledLineFilter {
  const patterns = sources.map(compileLinePatternOrText)
  const needles = patterns.flatMap(({ needles: texts }) => texts ?? [])
  const known = patterns.every(({ needles: texts }) => texts !== undefined)
  if (patterns.every(({ exact }) => exact)) return compileContains(needles.map(literalBytes), positive)
  const tests = patterns.map(({ test }) => test)
  const run: StageRun = (row) => tests.some((test) => test(row)) === positive
  // What a match must contain rules lines out, but only lines that are to match.
  const predicate =
    positive && known ? ({ kind: 'contains', needles: needles.map(literalBytes) } as const) : undefined
  const foldedTexts =
    positive && patterns.length === 1 && predicate === undefined ? patterns[0].foldedTexts : []
  return { run, predicate, isPredicate: false, foldedTexts }
}

interface LineRegex {
  readonly test: StageRun
  /** Texts of which a match contains one. */
  readonly needles: readonly string[] | undefined
  /** Texts of which a match contains all, in any case. */
  readonly foldedTexts?: readonly string[]
  /** Whether containing one of them is all. */
  readonly exact: boolean
}

function compileLinePatternOrText(source: string): LineRegex {
  const regex = compileRegex(source)
  const tree = parsePattern(source)
  const legs = tree === undefined ? undefined : regexLegs(tree)
  if (legs?.length === 1 && legs[0].kind === 'always')
    return { test: () => true, needles: undefined, exact: false }
  if (legs?.length === 1 && legs[0].kind === 'nonEmpty') {
    return { test: (row) => row.sizeBytes > 0, needles: undefined, exact: false }
  }
  const texts = legs?.map((leg) => ('text' in leg && !leg.fold ? leg.text : undefined))
  if (texts?.every((text) => text !== undefined)) {
    return { test: (row) => texts.some((text) => row.text.includes(text)), needles: texts, exact: true }
  }
  if (legs === undefined) {
    const foldedTexts = tree === undefined ? [] : foldedTextsOf(tree)
    return { test: (row) => regex.test(row.text), needles: regex.requiredLiterals, exact: false, foldedTexts }
  }
  const tests = legs.map(legTest)
  const test: StageRun = (row) => tests.some((leg) => leg(row))
  const [only] = legs
  const text = legs.length === 1 && 'text' in only ? foldableFragment(only.text) : ''
  return { test, needles: undefined, exact: false, foldedTexts: text === '' ? [] : [text] }
}

/** The longest first: it is the rarest, as a rule. */
function foldedTextsOf(tree: RegexNode): string[] {
  const texts = requiredTexts(tree).map(({ text }) => foldableFragment(text))
  return texts.filter((text) => text !== '').sort((a, b) => b.length - a.length)
}

function legTest(leg: Leg): StageRun {
  if (leg.kind === 'always') return () => true
  if (leg.kind === 'nonEmpty') return (row) => row.sizeBytes > 0
  if (!leg.fold) return (row) => row.text.includes(leg.text)
  const regex = compileRegex(`(?i)${escapePattern(leg.text)}`)
  return (row) => regex.test(row.text)
}

function matchesEverything(op: LineFilterOp, { value }: LineFilterOperand): boolean {
  if (op === '|=' || op === '!=') return value === ''
  if (op === '|~' || op === '!~') return value === '' || value === '.*'
  return false
}

function compileContains(needles: readonly Uint8Array[], positive: boolean): CompiledLineFilter {
  const contains = (row: Row): boolean => {
    row.needBytes()
    const line = row.bytes.subarray(row.from, row.to)
    for (const needle of needles) if (line.indexOf(needle) !== -1) return true
    return false
  }
  return {
    run: positive ? contains : (row) => !contains(row),
    predicate: { kind: positive ? 'contains' : 'lacks', needles },
    isPredicate: true,
  }
}

function compileOperand(op: LineFilterOp, { ip, value }: LineFilterOperand): StageRun {
  if (ip) {
    if (op !== '|=' && op !== '!=') throw new Error('ip: invalid operation')
    const range = parseIpPattern(value)
    return (row) => scanForAddress(row.text, range)
  }
  switch (op) {
    case '|=':
    case '!=': {
      const needle = literalBytes(value)
      return (row) => {
        row.needBytes()
        return row.bytes.subarray(row.from, row.to).indexOf(needle) !== -1
      }
    }
    case '|~':
    case '!~':
      return compileLinePatternOrText(value).test
    default: {
      const matches = compileLinePattern(value)
      return (row) => matches(row.text)
    }
  }
}
