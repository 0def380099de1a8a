import { posix } from 'node:path'
import { importsOf, type Source } from './source.ts'
import type { Violation } from './style.ts'

/**
 * What each room under `src/` may import of other rooms: a room, a folder of it, or one file.
 * The arrows of ARCHITECTURE.md; `cli` ties everything together.
 */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  base: [],
  kernels: ['base'],
  store: ['base', 'kernels'],
  logql: ['base', 'kernels', 'store/types.ts', 'store/scan-plan.ts'],
  config: ['base', 'logql/syntax'],
  collector: ['base'],
  server: ['base', 'config', 'kernels', 'logql', 'store'],
  check: ['base', 'collector', 'config', 'logql'],
  cli: ['base', 'check', 'collector', 'config', 'logql', 'server', 'store'],
}

/** The built-in modules a language without I/O may use. */
const PURE_BUILTINS = new Set(['node:assert', 'node:buffer', 'node:util'])

/** The engine touches files in one place, so that tests can put a disk with faults there. The lock is its own. */
const ENGINE_FILES = new Set(['src/store/embedded/file-system.ts', 'src/store/embedded/lock.ts'])

/** Checks where a file's imports point: rooms, the page, built-in modules, relative paths. */
export function checkImports(source: Source): Violation[] {
  const violations: Violation[] = []
  for (const { specifier, line } of importsOf(source)) {
    const problem = importProblem(source, specifier)
    if (problem !== undefined) violations.push({ path: source.path, line, problem })
  }
  return violations
}

function importProblem({ path, isTest }: Source, specifier: string): string | undefined {
  const [top, room] = path.split('/')
  const relative = specifier.startsWith('.')
  const target = relative ? posix.join(posix.dirname(path), specifier) : undefined
  if (/^(\.|#)/.test(specifier) && !/\.(tsx?|css|json|svg|html|md)(\?\w+)?$/.test(specifier)) {
    return `import of ${specifier} lacks the file extension`
  }
  if (top === 'web') return pageProblem(path, isTest, specifier, target)
  if (top !== 'src') return undefined
  if (room === 'logql' && !isTest && specifier.startsWith('node:') && !PURE_BUILTINS.has(specifier)) {
    return `logql does no I/O, so it may not import ${specifier}`
  }
  if (path.startsWith('src/store/embedded/') && !isTest && !ENGINE_FILES.has(path)) {
    if (/^node:fs\b/.test(specifier)) {
      return `the engine reaches files through file-system.ts, not ${specifier}`
    }
  }
  if (target !== undefined) {
    if (target.startsWith(`src/${room}/`)) return undefined
    // `logboom up` runs the sample shop where there is no Docker.
    if (room === 'cli' && target.startsWith('examples/shop/')) return undefined
    return target.startsWith('src/')
      ? `import of ${specifier}: another room is imported as #${target.slice('src/'.length)}`
      : `import of ${specifier} leaves src/`
  }
  return specifier.startsWith('#') ? arrowProblem(room, specifier.slice(1)) : undefined
}

function pageProblem(
  path: string,
  isTest: boolean,
  specifier: string,
  target: string | undefined,
): string | undefined {
  if (specifier.startsWith('#') || (target !== undefined && !target.startsWith('web/'))) {
    return `the page talks only to the HTTP API, so it may not import ${specifier}`
  }
  if (path.startsWith('web/src/') && !isTest && specifier.startsWith('node:')) {
    return `the page runs in a browser, so it may not import ${specifier}`
  }
  return undefined
}

function arrowProblem(room: string, target: string): string | undefined {
  if (target.startsWith(`${room}/`)) return `inside a room imports are relative: #${target}`
  const allowed = ARROWS[room]
  if (allowed === undefined) return `src/${room} is no room of ARCHITECTURE.md`
  if (allowed.some((place) => target === place || target.startsWith(`${place}/`))) return undefined
  return `${room} may not import #${target} (it may import: ${allowed.join(', ') || 'nothing'})`
}

/** The files that a program consists of: its main file and all that is imported from there, at once or later. */
export function reachable(sources: readonly Source[], mainPath: string): Source[] {
  const byPath = new Map(sources.map((source) => [source.path, source]))
  const found = new Set<Source>()
  const queue = [mainPath]
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    const source = byPath.get(path)
    if (source === undefined || found.has(source)) continue
    found.add(source)
    for (const { specifier } of importsOf(source)) {
      if (specifier.startsWith('#')) queue.push(`src/${specifier.slice(1)}`)
      else if (specifier.startsWith('.')) queue.push(posix.join(posix.dirname(path), specifier))
    }
  }
  return [...found]
}

/** The packages a file imports, by name: `@codemirror/view` for `@codemirror/view/x`. */
export function packagesOf(source: Source): { name: string; line: number }[] {
  return importsOf(source)
    .filter(({ specifier }) => !/^([./#]|node:|virtual:)/.test(specifier))
    .map(({ specifier, line }) => ({ name: packageName(specifier), line }))
}

function packageName(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}
