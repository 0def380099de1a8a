import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { parseSync } from 'rolldown/utils'

/** A node of the ESTree that the bundler's parser makes. */
export interface Node {
  readonly type: string
  readonly start: number
  readonly end: number
  readonly [field: string]: unknown
}

/** A comment with its text, without the marks around it. */
export interface Comment {
  readonly type: 'Line' | 'Block'
  readonly value: string
  readonly start: number
  readonly end: number
}

/** A TypeScript file of the project, parsed. */
export interface Source {
  /** From the project's folder, with `/`: `src/base/labels.ts`. */
  readonly path: string
  /** Whether it only serves tests: by its place or name, or because it imports the test runner (a shared suite). */
  readonly isTest: boolean
  readonly text: string
  readonly program: Node
  readonly comments: readonly Comment[]
  /** What the parser could not read, if anything. */
  readonly syntaxError: string | undefined
}

/** Parses one TypeScript or TSX file. */
export function parseSource(path: string, text: string): Source {
  const parsed = parseSync(path, text)
  const isTest =
    /\.test\.tsx?$/.test(path) || path.startsWith('test/') || /^import .* from 'vitest'$/m.test(text)
  return {
    path,
    isTest,
    text,
    program: parsed.program as unknown as Node,
    comments: parsed.comments as unknown as Comment[],
    syntaxError: parsed.errors[0]?.message,
  }
}

/** Every file that git knows or would take in: tracked and new ones, without the ignored. */
export function projectFiles(root: string): string[] {
  const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '-z'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 << 20,
  })
  return listed
    .split('\0')
    .filter((path) => path !== '' && existsSync(`${root}/${path}`))
    .sort()
}

/** Reads and parses every `.ts` and `.tsx` file of the project. */
export function readSources(root: string, files: readonly string[]): Source[] {
  return files
    .filter((path) => /\.tsx?$/.test(path) && !path.endsWith('.d.ts'))
    .map((path) => parseSource(path, readFileSync(`${root}/${path}`, 'utf8')))
}

/** Calls `visit` for a node and everything below it, parents first. */
export function walk(node: Node, visit: (node: Node) => void): void {
  visit(node)
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (isNode(child)) walk(child, visit)
    }
  }
}

/** Whether a field of a node holds another node. */
export function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && typeof (value as Node).type === 'string'
}

/** The line, from 1, of a position in a text. */
export function lineAt(text: string, offset: number): number {
  let line = 1
  for (let at = text.indexOf('\n'); at !== -1 && at < offset; at = text.indexOf('\n', at + 1)) line++
  return line
}

/** What a file imports: static, type-only, re-exported and literal dynamic imports alike. */
export function importsOf(source: Source): { specifier: string; line: number }[] {
  const found: { specifier: string; line: number }[] = []
  walk(source.program, (node) => {
    const target = node.source
    if (!/^(Import|Export(All|Named))(Declaration|Expression)$/.test(node.type) || !isNode(target)) return
    if (typeof target.value === 'string') {
      found.push({ specifier: target.value, line: lineAt(source.text, target.start) })
    }
  })
  return found
}
