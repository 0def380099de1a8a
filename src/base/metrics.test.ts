import { expect, test } from 'vitest'
import { Counter, Gauge, Histogram, Registry } from './metrics.ts'

test('metrics of every kind appear in the text of their registry', async () => {
  const registry = new Registry()
  const registers = [registry]
  new Counter({ name: 'c_total', help: 'c', labelNames: ['a'], registers }).inc({ a: 'x' }, 2)
  new Gauge({ name: 'g', help: 'g', registers }).set(3)
  new Histogram({ name: 'h', help: 'h', buckets: [1], registers }).observe(0.5)
  const text = await registry.metrics()
  expect(text).toContain('c_total{a="x"} 2')
  expect(text).toContain('\ng 3')
  expect(text).toContain('h_bucket{le="1"} 1')
})
