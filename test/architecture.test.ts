import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { checkImports, packagesOf, reachable } from './architecture/imports.ts'
import { parseSource, projectFiles, readSources } from './architecture/source.ts'
import { checkStyle, type Violation } from './architecture/style.ts'

const root = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '')
const files = projectFiles(root)
const sources = readSources(root, files)

/** One line per violation, so that a failure lists all of them with their places. */
function report(violations: readonly Violation[]): string[] {
  return violations.map(({ path, line, problem }) => `${path}:${line}: ${problem}`)
}

describe('the project', () => {
  test('imports go along the arrows of ARCHITECTURE.md', () => {
    expect(report(sources.flatMap(checkImports))).toEqual([])
  })

  test('files keep the size, naming and language rules', () => {
    expect(report(sources.flatMap(checkStyle))).toEqual([])
  })

  test('no file names a path of the machine it was written on', () => {
    const machinePath = new RegExp(`(?:^|[\\s'"\`(=:])/(?:${['work', 'root', 'farm'].join('|')})/`)
    const found: Violation[] = []
    for (const path of files.filter(
      (file) => !/(package-lock\.json|\.(png|jpe?g|ico|woff2?|gz))$/.test(file),
    )) {
      readFileSync(`${root}/${path}`, 'utf8')
        .split('\n')
        .forEach((text, index) => {
          const match = machinePath.exec(text)
          if (match !== null) found.push({ path, line: index + 1, problem: `names ${match[0].trim()}` })
        })
    }
    expect(report(found)).toEqual([])
  })
})

interface Manifest {
  dependencies?: Record<string, string>
  devDependencies?: Record<string, string>
}

describe('dependencies', () => {
  const manifest = JSON.parse(readFileSync(`${root}/package.json`, 'utf8')) as Manifest
  const runtime = Object.keys(manifest.dependencies ?? {})
  const all = [...runtime, ...Object.keys(manifest.devDependencies ?? {})]

  const shipped = reachable(sources, 'src/cli/main.ts')

  test('the program is found by its imports', () => {
    expect(shipped.length).toBeGreaterThan(50)
    expect(shipped.filter(({ isTest }) => isTest).map(({ path }) => path)).toEqual([])
  })

  test('every package that is imported is named in package.json, where its importer runs', () => {
    const found: Violation[] = []
    for (const source of sources) {
      const isShipped = shipped.includes(source)
      for (const { name, line } of packagesOf(source)) {
        const types = `@types/${name.replace(/^@/, '').replace('/', '__')}`
        const named = isShipped ? runtime.includes(name) : all.includes(name) || all.includes(types)
        const list = isShipped ? '"dependencies"' : 'package.json'
        if (!named) found.push({ path: source.path, line, problem: `imports ${name}, which ${list} lacks` })
      }
    }
    expect(report(found)).toEqual([])
  })

  test('every package of "dependencies" is imported by what is shipped', () => {
    const used = new Set(shipped.flatMap(packagesOf).map(({ name }) => name))
    expect(runtime.filter((name) => !used.has(name))).toEqual([])
  })

  test('docs/dependencies.md gives each package of package.json a reason, and lists no other', () => {
    const page = existsSync(`${root}/docs/dependencies.md`)
      ? readFileSync(`${root}/docs/dependencies.md`, 'utf8')
      : ''
    const rows = [...page.matchAll(/^\|\s*`([^`]+)`\s*\|(.*)\|$/gm)]
    expect(rows.filter(([, , reason]) => reason.trim().length < 20).map(([, name]) => name)).toEqual([])
    expect(rows.map(([, name]) => name).sort()).toEqual([...all].sort())
  })
})

describe('the rules themselves', () => {
  const cases: readonly (readonly [path: string, text: string, problem: RegExp | undefined])[] = [
    ['src/base/a.ts', "import { b } from '#store/b.ts'\nb()\n", /base may not import #store\/b\.ts/],
    ['src/store/a.ts', "import type { b } from '#logql/b.ts'\nb\n", /store may not import #logql/],
    ['src/store/a.ts', "import { b } from '#kernels/b.ts'\nb()\n", undefined],
    ['src/kernels/a.ts', "import type { b } from '#store/b.ts'\nb\n", /kernels may not import #store/],
    ['src/logql/a.ts', "import type { b } from '#store/types.ts'\nb\n", undefined],
    ['src/logql/a.ts', "import type { b } from '#store/embedded/b.ts'\nb\n", /logql may not import/],
    ['src/logql/a.ts', "import { b } from 'node:fs'\nb()\n", /logql does no I\/O/],
    ['src/store/embedded/a.ts', "import { b } from 'node:fs/promises'\nb()\n", /through file-system\.ts/],
    ['src/store/embedded/a.test.ts', "import { b } from 'node:fs'\nb()\n", undefined],
    ['src/server/a.ts', "await import('#collector/b.ts')\n", /server may not import #collector/],
    ['src/cli/a.ts', "import { b } from '#server/b.ts'\nb()\n", undefined],
    ['src/config/a.ts', "import { b } from '#logql/syntax/b.ts'\nb()\n", undefined],
    ['src/config/a.ts', "import { b } from '#logql/engine/b.ts'\nb()\n", /config may not import/],
    ['src/cli/a.ts', "import { b } from '../server/b.ts'\nb()\n", /imported as #server\/b\.ts/],
    ['src/cli/a.ts', "import { b } from '../../examples/shop/b.ts'\nb()\n", undefined],
    ['src/server/a.ts', "import { b } from '../../examples/shop/b.ts'\nb()\n", /leaves src/],
    ['src/cli/a.ts', "import { b } from '#cli/b.ts'\nb()\n", /imports are relative/],
    ['src/cli/a.ts', "import { b } from './b'\nb()\n", /lacks the file extension/],
    ['web/src/a.ts', "import { b } from '../../src/base/b.ts'\nb()\n", /page talks only/],
    ['web/src/a.ts', "import { b } from 'node:fs'\nb()\n", /runs in a browser/],
    ['src/base/index.ts', '', /barrels/],
    ['src/base/fooBar.ts', '', /kebab-case/],
    ['src/base/foo_bar.ts', '', /kebab-case/],
    ['src/collector/components/loki_write.ts', '', undefined],
    ['src/base/a.ts', 'f()\n'.repeat(401), /401 lines/],
    ['src/base/a.ts', `f('${'x'.repeat(120)}')\n`, /125 columns/],
    ['src/base/a.ts', `function f() {\n${'g()\n'.repeat(70)}}\nf()\n`, /function of 72 lines/],
    ['src/base/a.ts', 'const a = 1 as any\na\n', /`any`/],
    ['src/base/a.ts', "const a = 'any' // any\na\n", undefined],
    ['src/base/a.ts', 'f(a!.b)\n', /non-null/],
    ['src/base/a.test.ts', 'f(a!.b)\n', undefined],
    ['src/base/a.ts', 'enum A { B }\nf(A)\n', /enum/],
    ['src/base/a.ts', 'export default 1\n', /default export/],
    ['src/base/a.ts', "export * from './b.ts'\n", /export \*/],
    ['src/base/a.ts', "export { b } from './b.ts'\n", /re-export/],
    ['src/base/a.ts', `f() // ${'TO'}DO later\n`, /says TODO/],
    ['src/base/a.ts', `// @ts-${'ignore'}\nf()\n`, /says @ts-/],
    ['src/base/a.ts', 'export function f() {}\n', /f has no doc comment/],
    ['src/base/a.ts', '/** Does it. */\n\n\nexport function f() {}\n', /f has no doc comment/],
    ['src/base/a.ts', '/* Does it. */\nexport const f = 1\n', /f has no doc comment/],
    ['src/base/a.ts', '/** Does it. */\nexport const f = 1\n', undefined],
    ['src/base/a.ts', '/** Does it. */\nexport type F = 1\nexport interface G {}\n', /G has no doc comment/],
    ['src/base/a.ts', 'const = \n', /cannot be parsed/],
  ]

  test.each(cases)('%s: %j', (path, text, problem) => {
    const source = parseSource(path, text)
    const found = report([...checkImports(source), ...checkStyle(source)])
    if (problem === undefined) expect(found).toEqual([])
    else expect(found.join('\n')).toMatch(problem)
  })
})
