import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { silentLogger } from '#base/logger.ts'
import { discoveryRelabel } from '../components/discovery_relabel.ts'
import { diagnosticLine } from '../syntax/diagnostic.ts'
import { type Collector, startCollector } from './collector.ts'
import type { ComponentDefinition } from './component.ts'
import { validateConfig } from './link.ts'

const registry = new Map([[discoveryRelabel.name, discoveryRelabel as unknown as ComponentDefinition]])
const files = (text: string) => [{ name: 'config.alloy', text }]

let collector: Collector | undefined
afterEach(async () => {
  await collector?.stop(1000)
  collector = undefined
})

async function start(text: string): Promise<Collector> {
  const config = { files: files(text) }
  collector = await startCollector({ config, storagePath: '/nonexistent', logger: silentLogger, registry })
  return collector
}

/** The `service` labels of what a discovery.relabel puts out. */
function services(id: string): string[] {
  const output = collector?.component(id)?.exports.find((item) => item.name === 'output')
  return [
    ...JSON.stringify(output).matchAll(/"key":"service","value":\{"type":"string","value":"(.*?)"/g),
  ].map((match) => match[1])
}

const NAMED = `
declare "named" {
	argument "targets" { }

	argument "suffix" {
		optional = true
		default  = "!"
	}

	discovery.relabel "inner" {
		targets = argument.targets.value

		rule {
			source_labels = ["name"]
			replacement   = string.format("$1%s", argument.suffix.value)
			target_label  = "service"
		}
	}

	export "output" {
		value = discovery.relabel.inner.output
	}
}
`

describe('declare', () => {
  test('each use is a module of its own, arguments and exports cross its border', async () => {
    const running = await start(`${NAMED}
named "a" {
	targets = [{ name = "x" }]
}

named "b" {
	targets = named.a.output
	suffix  = "?"
}

discovery.relabel "end" {
	targets = named.b.output
}`)
    expect(services('named.a/discovery.relabel.inner')).toEqual(['x!'])
    expect(services('discovery.relabel.end')).toEqual(['x?'])
    expect(running.component('discovery.relabel.end')?.referencesTo).toEqual([
      'named.b/discovery.relabel.inner',
    ])
    const changed = `${NAMED}named "a" { targets = [{ name = "y" }] }`
    expect(await running.reload(files(changed))).toEqual([])
    expect(services('named.a/discovery.relabel.inner')).toEqual(['y!'])
    expect(running.components().map((info) => info.localID)).toEqual(['discovery.relabel.inner'])
  })

  test.each([
    [`${NAMED}named "a" { }`, 'config.alloy:24:1: missing required attribute "targets"'],
    [`${NAMED}named "a" {\n targets = []\n x = 1\n}`, 'config.alloy:26:2: unrecognized attribute name "x"'],
    ['declare "a" {\n a "x" { }\n}\na "x" { }', '-: self reference: a'],
    ['argument "x" { }', 'config.alloy:1:1: the block "argument" may only be used inside a declare'],
    ['declare { }', 'config.alloy:1:1: block "declare" requires non-empty label'],
    [
      'declare "a" {\n logging { }\n}\na "x" { }',
      'config.alloy:2:2: the block "logging" may not be used inside a declare',
    ],
    ['import.http "a" { }', 'config.alloy:1:1: missing required attribute "url"'],
    ['import.ftp "a" { }', 'config.alloy:1:1: cannot find the definition of config block "import.ftp"'],
  ])('%s', async (text, message) => {
    expect((await validateConfig(files(text), { registry })).map(diagnosticLine)).toEqual([message])
  })
})

describe('import', () => {
  test('import.file makes declares known by the namespace, import.string too', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'logboom-import-'))
    try {
      writeFileSync(join(folder, 'm.alloy'), NAMED)
      await start(`
import.file "lib" {
	filename = "${folder}"
}

import.string "text" {
	content = ${JSON.stringify('declare "where" {\n export "path" { value = module_path }\n}')}
}

lib.named "a" {
	targets = [{ name = "x" }]
}

discovery.relabel "end" {
	targets = lib.named.a.output
}`)
      expect(services('discovery.relabel.end')).toEqual(['x!'])
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  test('a change of an imported file is loaded, a broken one changes nothing', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'logboom-import-'))
    const path = join(folder, 'm.alloy')
    const until = async (expected: string): Promise<void> => {
      while (services('lib.named.a/discovery.relabel.inner')[0] !== expected) {
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
    }
    try {
      writeFileSync(path, NAMED)
      const running = await start(`
import.file "lib" {
	filename       = "${path}"
	poll_frequency = "100ms"
}

lib.named "a" {
	targets = [{ name = "x" }]
}`)
      writeFileSync(path, NAMED.replace('"!"', '"?"'))
      await until('x?')
      writeFileSync(path, 'declare {')
      while (!(await running.metrics()).includes('alloy_config_last_load_successful 0')) {
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
      expect(services('lib.named.a/discovery.relabel.inner')).toEqual(['x?'])
      writeFileSync(path, NAMED.replace('"!"', '" mended"'))
      await until('x mended')
    } finally {
      await collector?.stop(1000)
      rmSync(folder, { recursive: true })
    }
  })

  test('what is wrong in a module is shown where it is', async () => {
    const text = 'import.string "m" { content = "declare \\"a\\" {\\n x = 1 2\\n}" }'
    const found = await validateConfig(files(text), { registry })
    expect(found.map(diagnosticLine)).toEqual(['import.string.m:2:8: expected TERMINATOR, got 2'])
  })

  test('a file that is not there', async () => {
    const text = 'import.file "m" { filename = "/nonexistent/x.alloy" }'
    const [found] = await validateConfig(files(text), { registry })
    expect(found.message).toMatch(/^Failed to evaluate node for config block: ENOENT/)
  })
})
