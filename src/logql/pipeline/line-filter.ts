import { compileRegex } from '#base/regex/regex.ts'
import type { LinePredicate } from '#store/types.ts'
import type { LineFilter, LineFilterOp, LineFilterOperand } from '../syntax/ast.ts'
import { literalBytes } from '../syntax/literals.ts'
import { parseIpPattern } from './ip-range.ts'
import { scanForAddress } from './ip-scan.ts'
import { compileLinePattern } from './line-pattern.ts'
import type { Row, StageRun } from './row.ts'

/** One line filter, ready to run; `predicate` is set where the store, too, can apply it to bytes. */
export interface CompiledLineFilter {
  readonly run: StageRun
  readonly predicate: LinePredicate | undefined
}

const KEEP_ALL: CompiledLineFilter = { run: () => true, predicate: undefined }
const DROP_ALL: CompiledLineFilter = { run: () => false, predicate: undefined }

/**
 * Compiles one line filter. Alternatives that match everything are left out of a positive chain, unless nothing else is
 * in it.
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
  const tests = telling.map((operand) => compileOperand(op, operand))
  if (tests.length === 1) {
    const [test] = tests
    return { run: positive ? test : (row) => !test(row), predicate: undefined }
  }
  return { run: (row) => tests.some((test) => test(row)) === positive, predicate: undefined }
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
    case '!~': {
      if (value === '.+') return (row) => row.sizeBytes > 0
      const regex = compileRegex(value)
      return (row) => regex.test(row.text)
    }
    default: {
      const matches = compileLinePattern(value)
      return (row) => matches(row.text)
    }
  }
}
