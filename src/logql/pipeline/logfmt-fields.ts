import { goQuote } from '#base/goquote.ts'
import type { Extraction } from '../syntax/ast.ts'
import type { Hints } from './hints.ts'
import { type LogfmtOptions, pairText, passBad } from './logfmt.ts'
import { LogfmtScanner } from './logfmt-scan.ts'
import { FieldKeys } from './names.ts'
import type { Row, StageRun } from './row.ts'

/**
 * `| logfmt a, b="key"`: the given keys under the given names. Names start out empty; the last pair of a key
 * wins; a key that equals a target's name sets that target too.
 * @throws Error `cannot parse expression [a.b]: unexpected char .`
 */
export function compileLogfmtFields(
  extractions: readonly Extraction[],
  options: LogfmtOptions,
  row: Row,
  hints: Hints,
): StageRun {
  const targetBySource = new Map(extractions.map(({ name, path }) => [parseSource(path), name]))
  const targets = extractions.map(({ name }) => row.names.intern(name))
  const targetNames = new Set(extractions.map(({ name }) => name))
  const wantedTargets = targets.filter((id) => hints.wants(id)).length
  const keys = new FieldKeys('', (name) => {
    const target = targetBySource.get(name) ?? (targetNames.has(name) ? name : undefined)
    return target === undefined ? -1 : row.names.intern(target)
  })
  const scanner = new LogfmtScanner()
  return () => {
    row.needBytes()
    const { labels } = row
    if (!hints.narrow) for (const id of targets) if (labels.get(id) === undefined) labels.setParsed(id, '')
    let found = wantedTargets
    scanner.reset(row.bytes, row.from, row.to)
    for (;;) {
      if (!scanner.next()) {
        if (!passBad(scanner, options, row, hints)) return true
        continue
      }
      const key = keys.find(row.bytes, scanner.pair.keyFrom, scanner.pair.keyTo)
      if (key.id === -1) continue
      const value = pairText(row, scanner)
      if (value === undefined) {
        if (!passBad(scanner, options, row, hints)) return true
        continue
      }
      const id = labels.collides(key.id) ? row.names.extractedOf(key.id) : key.id
      labels.setParsed(id, value)
      // Where few labels are needed, Loki counts the targets as found from the start and stops at the first
      // it sets.
      if (hints.narrow && ++found >= hints.neededCount) return true
    }
  }
}

/** A bare word, or any text in quotes. */
function parseSource(path: string): string {
  const trimmed = path.trim()
  if (/^[A-Za-z_]\w*$/.test(trimmed)) return trimmed
  const quoted = /^"((?:[^"\\]|\\.)*)"$/.exec(trimmed)
  if (quoted !== null) return quoted[1].replace(/\\(.)/g, '$1')
  const fail = (message: string): never => {
    throw new Error(`cannot parse expression [${path}]: ${message}`)
  }
  if (trimmed > '\x7f') return fail('syntax error: unexpected $end, expecting STRING or KEY')
  const bad = /[^\w\s"]/.exec(trimmed)
  if (bad !== null && !trimmed.startsWith('"')) return fail(`unexpected char ${goQuote(bad[0]).slice(1, -1)}`)
  return fail(`syntax error: unexpected ${trimmed === '' ? '$end, expecting STRING or KEY' : 'KEY'}`)
}
