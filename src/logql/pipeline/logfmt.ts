import type { Hints } from './hints.ts'
import { LogfmtScanner, unescapeLogfmt } from './logfmt-scan.ts'
import { FieldKeys } from './names.ts'
import { setParserError } from './parser-error.ts'
import type { Row, StageRun } from './row.ts'

/** The flags of `| logfmt`. */
export interface LogfmtOptions {
  readonly strict: boolean
  readonly keepEmpty: boolean
}

/** `| logfmt`: every pair becomes a label; the first of several with one key wins. */
export function compileLogfmt(options: LogfmtOptions, row: Row, hints: Hints): StageRun {
  const keys = new FieldKeys('', (name) => (hints.mayWant(name) ? row.names.intern(name) : -1))
  const scanner = new LogfmtScanner()
  return () => {
    row.needBytes()
    const { labels } = row
    if (hints.allFound(labels)) return true
    scanner.reset(row.bytes, row.from, row.to)
    for (;;) {
      if (!scanner.next()) {
        if (!passBad(scanner, options, row, hints)) return true
        continue
      }
      const { keyFrom, keyTo } = scanner.pair
      const key = keys.find(row.bytes, keyFrom, keyTo)
      if (key.id === -1) continue
      const id = labels.collides(key.id) ? row.names.extractedOf(key.id) : key.id
      const { valueFrom, valueTo, escaped } = scanner.pair
      if (valueFrom < valueTo && !escaped && !hints.tested.has(id)) {
        if (!hints.wants(id) || labels.wasExtracted(id)) continue
        labels.setParsedBytes(id, row.bytes, valueFrom, valueTo)
        if (hints.allFound(labels)) return true
        continue
      }
      const value = pairText(row, scanner)
      if (value === undefined) {
        if (!passBad(scanner, options, row, hints)) return true
        continue
      }
      if (value === '' && !options.keepEmpty) continue
      if (!hints.wants(id) || labels.wasExtracted(id)) continue
      labels.setParsed(id, value)
      if (!hints.admits(id, value)) return false
      if (hints.allFound(labels)) return true
    }
  }
}

/** Deals with what stopped the scanner. Returns whether to go on. */
export function passBad(scanner: LogfmtScanner, options: LogfmtOptions, row: Row, hints: Hints): boolean {
  if (scanner.error === undefined) return false
  if (options.strict) {
    setParserError(row, hints, 'LogfmtParserErr', scanner.error)
    return false
  }
  scanner.skipBad()
  return true
}

/** The text of the scanner's pair; undefined, with the scanner's error set, where an escape in it is none. */
export function pairText(row: Row, scanner: LogfmtScanner): string | undefined {
  const { valueFrom, valueTo, escaped } = scanner.pair
  const raw = row.strings.decode(row.bytes, valueFrom, valueTo)
  const text = escaped ? unescapeLogfmt(raw) : raw
  if (text === undefined) {
    scanner.error = `logfmt syntax error at pos ${valueTo - row.from + 2} : invalid quoted value`
    return undefined
  }
  return text.includes('\ufffd') ? text.replaceAll('\ufffd', ' ') : text
}
