import fc from 'fast-check'
import { expect, test } from 'vitest'
import { silentLogger } from '#base/logger.ts'
import { discoveryRelabel } from '../components/discovery_relabel.ts'
import { lokiEcho } from '../components/loki_echo.ts'
import { lokiRelabel } from '../components/loki_relabel.ts'
import { DiagnosticsError, diagnosticLine, hasErrors } from '../syntax/diagnostic.ts'
import { startCollector } from './collector.ts'
import type { ComponentDefinition } from './component.ts'
import { validateConfig } from './link.ts'

const definitions = [discoveryRelabel, lokiEcho, lokiRelabel]
const registry = new Map(definitions.map((item) => [item.name, item as unknown as ComponentDefinition]))

const label = fc.constantFrom('a', 'b', 'c')
const values = fc.oneof(
  fc.constantFrom('[]', 'null', '1', '"x"', '[{ x = 1 }]', 'argument.a.value', 'sys.env("HOME")', 'nothing'),
  fc
    .tuple(
      fc.constantFrom('loki.relabel', 'loki.echo', 'discovery.relabel', 'own'),
      label,
      fc.constantFrom('.receiver', '.rules', '.output', '.gone', ''),
    )
    .chain(([name, of, field]) => fc.constantFrom(`${name}.${of}${field}`, `[${name}.${of}${field}]`)),
)
const attributes = fc
  .uniqueArray(
    fc.constantFrom('forward_to', 'targets', 'max_cache_size', 'level', 'optional', 'value', 'a'),
    {
      maxLength: 2,
    },
  )
  .chain((names) => fc.tuple(...names.map((name) => values.map((value) => `${name} = ${value}\n`))))
  .map((lines) => lines.join(''))
const rule = fc.constantFrom('', 'rule {\nregex = "["\n}\n', 'rule {\ntarget_label = "x"\n}\n')
const block = fc
  .tuple(
    fc.constantFrom('loki.relabel', 'loki.echo', 'discovery.relabel', 'own', 'logging', 'argument', 'export'),
    fc.oneof({ weight: 9, arbitrary: label.map((name) => `"${name}"`) }, fc.constant('')),
    attributes,
    rule,
  )
  .map(([name, of, body, nested]) => `${name} ${of} {\n${body}${nested}}\n`)
const config = fc
  .tuple(fc.array(block, { maxLength: 6 }), fc.array(block, { maxLength: 3 }), fc.boolean())
  .map(([blocks, inner, declares]) =>
    [...blocks, ...(declares ? [`declare "own" {\n${inner.join('')}}\n`] : [])].join(''),
  )

test('a configuration that is found right starts and stops; one that is wrong never does', async () => {
  let started = 0
  await fc.assert(
    fc.asyncProperty(config, async (text) => {
      const files = [{ name: 'f', text }]
      const found = await validateConfig(files, { registry })
      for (const diagnostic of found) expect(diagnosticLine(diagnostic)).toMatch(/^(f:\d+:\d+|-): \S/)
      const options = { config: { files }, storagePath: '/nonexistent', logger: silentLogger, registry }
      if (hasErrors(found)) {
        await expect(startCollector(options)).rejects.toBeInstanceOf(DiagnosticsError)
        return
      }
      const collector = await startCollector(options)
      started++
      expect(collector.components().every((info) => info.health.state === 'healthy')).toBe(true)
      expect(hasErrors(await collector.reload())).toBe(false)
      await collector.stop(1000)
    }),
    { numRuns: 1000 },
  )
  expect(started).toBeGreaterThan(0)
})
