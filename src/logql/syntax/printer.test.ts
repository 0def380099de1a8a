import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Expr, LabelFilter, LogExpr, MetricExpr, Stage } from './ast.ts'
import { parseExpr } from './parser.ts'
import { formatQuery } from './pretty.ts'
import { printExpr } from './printer.ts'

const name = fc.constantFrom('a', 'b_c', '_x', 'count', 'rate', 'job1')
const text = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom('', 'x', '"', '\\', '\n', '\u{1f600}', '\x07'),
)
const matcher = fc.record({ name, op: fc.constantFrom('=' as const, '!=' as const), value: text })
const labels = fc.array(name, { maxLength: 3 })

const { filter } = fc.letrec<{ filter: LabelFilter }>((tie) => ({
  filter: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    matcher.map((m): LabelFilter => ({ kind: 'string', matcher: m })),
    fc.record({
      kind: fc.constant('compare' as const),
      unit: fc.constantFrom('number' as const, 'bytes' as const),
      name,
      op: fc.constantFrom('>' as const, '==' as const, '<=' as const),
      value: fc.nat(),
    }),
    fc.record({
      kind: fc.constant('ip' as const),
      name,
      op: fc.constantFrom('=' as const, '!=' as const),
      pattern: text,
    }),
    fc.record({
      kind: fc.constantFrom('and' as const, 'or' as const),
      left: tie('filter'),
      right: tie('filter'),
    }),
  ),
}))

const operand = fc.record({ ip: fc.boolean(), value: text })
const stage: fc.Arbitrary<Stage> = fc.oneof(
  fc.record({
    kind: fc.constant('lineFilter' as const),
    op: fc.constantFrom(
      '|=' as const,
      '!=' as const,
      '|~' as const,
      '!~' as const,
      '|>' as const,
      '!>' as const,
    ),
    operands: fc.array(operand, { minLength: 1, maxLength: 3 }),
  }),
  filter.map((f): Stage => ({ kind: 'labelFilter', filter: f })),
  fc
    .array(fc.record({ name, path: text }), { maxLength: 2 })
    .map((extractions): Stage => ({ kind: 'json', extractions })),
  fc.record({
    kind: fc.constant('logfmt' as const),
    strict: fc.boolean(),
    keepEmpty: fc.boolean(),
    extractions: fc.array(fc.record({ name, path: text }), { maxLength: 2 }),
  }),
  fc.constantFrom<Stage>({ kind: 'unpack' }, { kind: 'decolorize' }, { kind: 'regexp', pattern: '(?P<a>.)' }),
  text.map((template): Stage => ({ kind: 'lineFormat', template })),
  fc.record({
    kind: fc.constantFrom('drop' as const, 'keep' as const),
    targets: fc.array(fc.oneof(fc.record({ name }), matcher), { minLength: 1, maxLength: 3 }),
  }),
)
/** `| drop a != "x"` has no text of its own: it reads as a drop with a matcher. */
function readsAsMatcher(one: Stage, i: number, stages: readonly Stage[]): boolean {
  const before = stages[i - 1]
  if (one.kind !== 'lineFilter' || !one.op.startsWith('!') || one.op === '!>') return false
  const target = before?.kind === 'drop' || before?.kind === 'keep' ? before.targets.at(-1) : undefined
  return target !== undefined && !('op' in target)
}

const log: fc.Arbitrary<LogExpr> = fc.record({
  kind: fc.constant('log' as const),
  matchers: fc
    .array(matcher, { maxLength: 2 })
    .map((list) => [{ name: 'a', op: '=' as const, value: 'x' }, ...list]),
  stages: fc.array(stage, { maxLength: 4 }).filter((stages) => !stages.some(readsAsMatcher)),
})
const grouping = fc.option(fc.record({ without: fc.boolean(), labels }), { nil: undefined })
const { metric } = fc.letrec<{ metric: MetricExpr }>((tie) => ({
  metric: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc
      .record({
        log,
        rangeMs: fc.integer({ min: 1, max: 1e10 }),
        offsetMs: fc.integer({ min: -1e9, max: 1e9 }),
      })
      .map(
        (range): MetricExpr => ({
          kind: 'rangeAgg',
          op: 'rate',
          param: undefined,
          range: { ...range, unwrap: undefined },
          grouping: undefined,
        }),
      ),
    fc.nat().map((value): MetricExpr => ({ kind: 'vector', value })),
    fc.record({
      kind: fc.constant('vectorAgg' as const),
      op: fc.constantFrom('sum' as const, 'max' as const),
      param: fc.constant(undefined),
      expr: tie('metric'),
      grouping,
    }),
    fc.record({
      kind: fc.constant('vectorAgg' as const),
      op: fc.constant('topk' as const),
      param: fc.integer({ min: 1, max: 9 }),
      expr: tie('metric'),
      grouping,
    }),
    fc.record({
      kind: fc.constant('binary' as const),
      op: fc.constantFrom('+' as const, '^' as const, 'and' as const, '>=' as const, '%' as const),
      bool: fc.boolean(),
      matching: fc.option(
        fc.record({
          on: fc.boolean(),
          labels,
          many: fc.constantFrom('left' as const, 'right' as const),
          include: labels,
        }),
        { nil: undefined },
      ),
      left: tie('metric'),
      right: tie('metric'),
    }),
    fc.record({
      kind: fc.constant('labelReplace' as const),
      expr: tie('metric'),
      dst: text,
      replacement: text,
      src: text,
      regex: fc.constant('(.*)'),
    }),
  ),
}))

describe('printExpr', () => {
  test('is read back as the same tree', () => {
    const expr: fc.Arbitrary<Expr> = fc.oneof(log, metric)
    fc.assert(
      fc.property(expr, (tree) => {
        expect(parseExpr(printExpr(tree))).toEqual(tree)
      }),
      { numRuns: 500 },
    )
  })
})

describe('formatQuery', () => {
  test.each([
    ['{app="x"}|logfmt --strict a="b",c', '{app="x"} | logfmt --strict a="b",c="c"'],
    ['{app="x"}|a>5|b>=5s|c<5KB|d!=1.50', '{app="x"} | a>5 | b>=5s | c<5.0kB | d!=1.5'],
    ['{app="x"}|a="b" and c="d" or e="f"', '{app="x"} | ( ( a="b" , c="d" ) or e="f" )'],
    ['sum(rate({app="x"}[5m])) without(a)', 'sum without (a)(rate({app="x"}[5m]))'],
    ['vector(1)+1', '(vector(1.000000) + 1)'],
    [
      'sum_over_time({app="x"}|unwrap a[1d] offset 1w)',
      'sum_over_time({app="x"} | unwrap a[1d] offset 168h0m0s)',
    ],
  ])('%s', (query, formatted) => expect(formatQuery(query)).toBe(formatted))

  test('breaks long queries up', () => {
    const query =
      'sum(count_over_time({app="a-rather-long-application-name", env="production", region="eu-west-1"} ' +
      '|= "some text" | json | level="error" [5m])) by (level, app)'
    expect(formatQuery(query)).toBe(
      [
        'sum by (level, app)(',
        '  count_over_time(',
        '    {app="a-rather-long-application-name", env="production", region="eu-west-1"}',
        '      |= "some text"',
        '      | json',
        '      | level="error" [5m]',
        '  )',
        ')',
      ].join('\n'),
    )
  })
})
