import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Labels, makeLabels } from '#base/labels.ts'
import { applyRules, compileRules, RULE_DEFAULTS } from '#base/relabel.ts'
import { makeRelabelCache } from './relabel-cache.ts'

test('the cache answers as the rules do and stays within its size', () => {
  const rules = compileRules([
    { ...RULE_DEFAULTS, action: 'drop', source_labels: ['a'], regex: '3' },
    { ...RULE_DEFAULTS, action: 'replace', source_labels: ['a'], target_label: 'b', replacement: 'x$1' },
  ])
  const cache = makeRelabelCache(rules, 3)
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 6 }), (n) => {
      const labels: Labels = makeLabels({ a: String(n) })
      expect(cache.apply(labels)).toEqual(applyRules(rules, labels))
      expect(cache.size).toBeLessThanOrEqual(3)
    }),
  )
  expect(cache.hits).toBeGreaterThan(0)
})
