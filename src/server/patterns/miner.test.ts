import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compileLinePattern } from '#logql/pipeline/line-pattern.ts'
import { countLines, patternOf } from './cluster.ts'
import { makeMiner } from './miner.ts'
import { textOf, tokensOf } from './tokens.ts'

const FRAME = { level: 'info', before: '', after: '' }

function mine(texts: readonly string[], maxClusters = 100): string[] {
  const miner = makeMiner({ maxClusters, evictionRatio: 0.25 })
  for (const text of texts) countLines(miner.clusterOf(FRAME, text), 0, 1)
  return [...miner.clusters()].map((cluster) => `${cluster.total} ${patternOf(cluster)}`).sort()
}

describe('texts become patterns', () => {
  const table: [string, string[], string[]][] = [
    ['equal ones', ['job done', 'job done'], ['2 job done']],
    ['numbers', ['took 12ms', 'took 7ms'], ['2 took <_>']],
    ['a word that differs', ['user bob logged in', 'user eve logged in'], ['2 user <_> logged in']],
    ['too different', ['cache miss', 'disk full'], ['1 cache miss', '1 disk full']],
    ['other marks', ['a: b c d', 'a, b c d'], ['1 a, b c d', '1 a: b c d']],
    ['another number of words', ['one two', 'one two three'], ['1 one two', '1 one two three']],
    ['nothing', ['', ''], ['2 ']],
    ['holes side by side', ['x <_><_> y', 'x <_>1 y'], ['2 x <_> y']],
  ]
  test.each(table)('%s', (_, texts, expected) => expect(mine(texts)).toEqual(expected))
})

const word = fc.oneof(
  fc.constantFrom('job', 'user', 'failed', 'done', 'in', 'ms', 'é'),
  fc.integer({ min: 0, max: 99 }).map(String),
  fc.stringMatching(/^[a-z]{1,4}$/),
)
const text = fc
  .array(fc.tuple(word, fc.constantFrom(' ', ': ', '=', ', ', ' [', '] ', '/')), {
    minLength: 1,
    maxLength: 8,
  })
  .map((parts) => parts.map(([own, gap]) => own + gap).join(''))

test('tokens put together again are the text, holes apart', () => {
  fc.assert(
    fc.property(fc.string(), (any) => {
      if (/\d|<_>/.test(any)) return
      expect(textOf(tokensOf(any))).toBe(any)
    }),
  )
})

test('every text is found by the pattern of its cluster, however the cluster has grown', () => {
  fc.assert(
    fc.property(fc.array(text, { minLength: 1, maxLength: 60 }), (texts) => {
      const miner = makeMiner({ maxClusters: 1000, evictionRatio: 0.25 })
      const clusters = texts.map((one) => miner.clusterOf(FRAME, one))
      for (const [i, cluster] of clusters.entries()) {
        expect([texts[i], compileLinePattern(patternOf(cluster))(texts[i])]).toEqual([texts[i], true])
      }
    }),
  )
})

test('holds no more clusters than it may, and keeps the large ones', () => {
  const texts = Array.from({ length: 500 }, (_, i) => String.fromCharCode(97 + (i % 26), 97 + (i >> 4)))
  const large = Array.from({ length: 50 }, () => 'the large one')
  const left = mine([...large, ...texts], 20)
  expect(left.length).toBeLessThanOrEqual(20)
  expect(left).toContain('50 the large one')
})
