import { expect, test } from 'vitest'
import { componentRegistry } from '../components/registry.ts'
import { validateConfig } from './link.ts'
import { unsupportedComponent } from './unsupported.ts'

test.each([
  ['prometheus.scrape', 'is out of scope: Logboom collects logs only; for metrics run Prometheus'],
  ['otelcol.receiver.otlp', 'is out of scope: Logboom collects logs only; its server takes logs over OTLP'],
  ['loki.source.heroku', 'is out of scope: this source belongs to a cloud service'],
  ['discovery.kubernetes', 'is out of scope: targets are found by discovery.docker'],
  ['loki.source.nothing', 'cannot find the definition of component name "loki.source.nothing"'],
])('%s says what to do', async (name, message) => {
  const [found] = await validateConfig([{ name: 'c', text: `${name} "x" { a = 1 }` }])
  expect(found.message).toContain(message)
})

test('nothing that is there is said to be missing', () => {
  for (const name of componentRegistry.keys()) {
    const message = unsupportedComponent(name)
    if (message !== undefined) expect(message).not.toContain('not supported yet')
    expect(message).toBeUndefined()
  }
})
