import { expect, test } from 'vitest'
import { parseExpr } from '../syntax/parser.ts'
import { compileLogPipeline } from './log-pipeline.ts'

const STREAM = { labels: [['t', 'x']] as const, key: '{t="x"}' }

test('takes lines one by one', () => {
  const expr = parseExpr('{t="x"} |= "a" != "no" | logfmt | a > 1 | line_format "{{.a}}!"')
  if (expr.kind !== 'log') throw new Error('expected a log expression')
  const pipeline = compileLogPipeline(expr)
  const run = (line: string) => pipeline(STREAM, [['m', '1']], 5, 0, Buffer.from(line))
  expect(run('b=2')).toBeUndefined()
  expect(run('a=1')).toBeUndefined()
  expect(run('a=2 no')).toBeUndefined()
  expect(run('a=2')).toEqual({
    line: '2!',
    labels: {
      all: [
        ['a', '2'],
        ['m', '1'],
        ['t', 'x'],
      ],
      split: { stream: [['t', 'x']], metadata: [['m', '1']], parsed: [['a', '2']] },
    },
  })
})
