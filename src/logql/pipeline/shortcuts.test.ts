import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseExpr } from '../syntax/parser.ts'
import { makeMemoryStore } from '../testing/memory-store.ts'
import { runLog } from '../testing/run.ts'
import { fieldNeedles } from './field-needles.ts'

const value = fc.constantFrom('r1', 'r2', 'a b', 'x"y', 'é', '', '5', '\u{1f600}')
/** A JSON text of a value, sometimes spelt with escapes. */
const spelt = fc.tuple(value, fc.boolean()).map(([text, escaped]) => {
  if (!escaped) return JSON.stringify(text)
  const units = Array.from({ length: text.length }, (_, i) =>
    text.charCodeAt(i).toString(16).padStart(4, '0'),
  )
  return `"${units.map((unit) => `\\u${unit}`).join('')}"`
})
const jsonLine = fc
  .array(fc.tuple(fc.constantFrom('a', 'b', 'o', '\\u0061', 't'), spelt, fc.boolean()), { maxLength: 4 })
  .map(
    (members) =>
      `{${members.map(([key, text, nested]) => `"${key}":${nested ? `{"a":${text}}` : text}`).join(',')}}`,
  )
const logfmtLine = fc
  .array(fc.tuple(fc.constantFrom('a', 'b', 't'), spelt), { maxLength: 4 })
  .map((pairs) => pairs.map(([key, text]) => `${key}=${text}`).join(' '))
const metadata = fc.constantFrom<[string, string][]>([], [['a', 'r1']], [['b', 'r2']])

describe('shortcuts', () => {
  test.each([
    ['json', jsonLine],
    ['logfmt', logfmtLine],
  ])('filters on fields of %s give what the fields say', async (parser, line) => {
    const row = fc.record({ line, metadata })
    const name = fc.constantFrom('a', 'b', 't', 'o_a', 'a_extracted', 't_extracted')
    await fc.assert(
      fc.asyncProperty(
        fc.array(row, { maxLength: 8 }),
        name,
        value,
        fc.boolean(),
        async (rows, field, wanted, twice) => {
          const store = makeMemoryStore({ batchRows: 3 })
          store.add(
            { t: 'x' },
            rows.map((one, i) => ({ tsMs: 1000 + i, line: one.line, metadata: one.metadata })),
          )
          const filter = `| ${field}=${JSON.stringify(wanted)}`
          const found = await runLog(store, `{t="x"} | ${parser} ${filter}${twice ? ` ${filter}` : ''}`)
          const all = await runLog(store, `{t="x"} | ${parser}`)
          expect(found).toEqual(all.filter(({ labels }) => (labels[field] ?? '') === wanted))
        },
      ),
      { numRuns: 150 },
    )
  })

  test.each([
    ['| json | id="r1"', ['r1']],
    ['| json | id="two words"', ['words']],
    ['| logfmt | id=~"r1|r2" and x="y"', ['r1', 'r2', 'y']],
    ['| json | id="r1" or x="y"', []],
    ['| json | label_format id="x" | id="r1"', []],
    ['| id="r1" | json', []],
    ['| json | id!="r1"', []],
  ])('%s needs %j', (stages, texts) => {
    const expr = parseExpr(`{t="x"} ${stages}`)
    if (expr.kind !== 'log') throw new Error('expected a log expression')
    const needles = fieldNeedles(expr.stages).flatMap((each) =>
      each.needles.map((needle) => Buffer.from(needle).toString()),
    )
    expect(needles).toEqual(texts)
  })
})
