import { afterEach, describe, expect, test } from 'vitest'
import { silentLogger } from '#base/logger.ts'
import { discoveryRelabel } from '../components/discovery_relabel.ts'
import { diagnosticLine } from '../syntax/diagnostic.ts'
import { type Collector, startCollector } from './collector.ts'
import type { ComponentContext, ComponentDefinition } from './component.ts'
import { validateConfig } from './link.ts'

let source: ComponentContext | undefined

/** Exports what a test tells it to, as discovery components do. */
const testSource: ComponentDefinition = {
  name: 'test.source',
  stability: 'generally-available',
  role: 'discovery',
  schema: { attributes: {} },
  build(context) {
    context.setExports({ targets: [{ name: 'first' }] })
    return {
      run: (signal) => {
        source = context
        return new Promise((resolve) => signal.addEventListener('abort', () => resolve()))
      },
      update: () => undefined,
    }
  },
}

const registry = new Map<string, ComponentDefinition>([
  [discoveryRelabel.name, discoveryRelabel as unknown as ComponentDefinition],
  [testSource.name, testSource],
])
const stability = 'experimental'
const files = (text: string) => [{ name: 'config.alloy', text }]

let collector: Collector | undefined
afterEach(async () => {
  await collector?.stop(1000)
  collector = undefined
})

async function start(text: string): Promise<Collector> {
  const options = { storagePath: '/nonexistent', logger: silentLogger, registry, stability } as const
  collector = await startCollector({ config: { files: files(text) }, ...options })
  return collector
}

const ids = (): string[] =>
  (collector?.components() ?? [])
    .map(({ moduleID, localID }) => (moduleID === '' ? localID : moduleID))
    .sort()

const TEMPLATE = `
	template {
		discovery.relabel "inner" {
			targets = [each]

			rule {
				target_label = "added"
				replacement  = each["name"]
			}
		}
	}`

const relabel = (collection: string, more = ''): string => `
foreach "all" {
	collection = ${collection}
	var        = "each"
	${more}
${TEMPLATE}
}
`

describe('foreach', () => {
  test('makes a module for each element, named after it', async () => {
    await start(relabel('[{ name = "a" }, { name = "b/c" }, { name = "a" }]', 'id = "name"'))
    expect(ids()).toEqual([
      'foreach.all/a',
      'foreach.all/a_2',
      expect.stringMatching(/^foreach.all\/b_c_[0-9a-f]{12}$/),
    ])
    const output = JSON.stringify(collector?.component('foreach.all/a/discovery.relabel.inner')?.exports)
    expect(output).toContain('{"key":"added","value":{"type":"string","value":"a"}}')
  })

  test('follows what a component exports, and leaves unchanged modules alone', async () => {
    await start(`test.source "s" { }\n${relabel('test.source.s.targets', 'id = "name"')}`)
    expect(ids()).toEqual(['foreach.all/first', 'test.source.s'])
    const before = collector?.component('foreach.all/first/discovery.relabel.inner')?.health.updatedTime
    source?.setExports({ targets: [{ name: 'second' }, { name: 'first' }] })
    while (ids().length < 3) await new Promise((resolve) => setTimeout(resolve, 5))
    expect(ids()).toEqual(['foreach.all/first', 'foreach.all/second', 'test.source.s'])
    expect(before).toBeDefined()
    source?.setExports({ targets: [] })
    while (ids().length > 1) await new Promise((resolve) => setTimeout(resolve, 5))
  })

  test('the template sees what is around it, and blocks inside one another', async () => {
    await start(`
declare "one" {
	argument "x" { }
	discovery.relabel "d" { targets = [argument.x.value] }
}
discovery.relabel "outer" { targets = [{ a = "1" }] }
foreach "x" {
	collection = [1, 2]
	var        = "n"
	template {
		foreach "y" {
			collection = ["p", "q"]
			var        = "m"
			template {
				one "use" { x = { n = string.format("%d%s", n, m) } }
				discovery.relabel "r" { targets = discovery.relabel.outer.output }
			}
		}
	}
}`)
    const modules = ['1/foreach.y/p', '1/foreach.y/q', '2/foreach.y/p', '2/foreach.y/q']
    expect(ids()).toEqual(
      [
        'discovery.relabel.outer',
        ...modules.flatMap((m) => [`foreach.x/${m}`, `foreach.x/${m}/one.use`]),
      ].sort(),
    )
    const inner = 'foreach.x/2/foreach.y/q/one.use/discovery.relabel.d'
    expect(JSON.stringify(collector?.component(inner)?.exports)).toContain('"2q"')
  })

  test.each([
    ['foreach "a" { }', ['missing required attribute "var"', 'missing required attribute "collection"']],
    [relabel('5'), ['5 should be array, got number']],
    [relabel('[]').replace('"each"', '"a-b"'), ['var should be an identifier, got "a-b"']],
    [relabel('[{ name = "x" }]').replace('[each]', 'each.gone'), ['field "gone" does not exist']],
    [
      relabel('[{ name = "x" }]').replace('target_label', 'regex = "["\n target_label'),
      ['missing closing ]'],
    ],
    [
      `${relabel('[1]')}\ndiscovery.relabel "o" { targets = foreach.all.inner.output }`,
      ['component "foreach.all.inner.output" does not exist'],
    ],
  ])('%s is refused', async (text, messages) => {
    const found = (await validateConfig(files(text), { registry, stability })).map(diagnosticLine)
    for (const message of messages) expect(found.join('\n')).toContain(message)
  })

  test('is experimental, as in Alloy', async () => {
    const [found] = await validateConfig(files(relabel('[1]')), { registry })
    expect(found.message).toContain('config block "foreach" is at stability level "experimental"')
  })
})
