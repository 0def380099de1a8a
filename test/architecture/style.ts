import { isNode, lineAt, type Node, type Source, walk } from './source.ts'

/** A place that breaks a rule of CONTRIBUTING.md. */
export interface Violation {
  readonly path: string
  readonly line: number
  readonly problem: string
}

const MAX_FILE_LINES = 400
const MAX_TEST_FILE_LINES = 900
const MAX_COLUMNS = 110
/** Tests hold recorded lines and error texts that are better not broken. */
const MAX_TEST_COLUMNS = 160
const MAX_FUNCTION_LINES = 70

/** Checks size, names and forbidden constructs of one file. */
export function checkStyle(source: Source): Violation[] {
  const violations: Violation[] = []
  const report = (line: number, problem: string): void => {
    violations.push({ path: source.path, line, problem })
  }
  if (source.syntaxError !== undefined) report(1, `cannot be parsed: ${source.syntaxError}`)
  checkName(source, report)
  checkSize(source, report)
  checkComments(source, report)
  walk(source.program, (node) => checkNode(source, node, report))
  if (!source.isTest) checkDocs(source, report)
  return violations
}

type Report = (line: number, problem: string) => void

function checkName({ path }: Source, report: Report): void {
  const name = path.slice(path.lastIndexOf('/') + 1)
  if (/^index\.tsx?$/.test(name)) report(1, 'index files are barrels: name the file after its concept')
  // Named after what they are called in a config.alloy: `loki_source_docker.ts`, `static_labels.ts`.
  const snake = /^src\/collector\/(components|stages)\//.test(path) ? '|[a-z0-9]+(_[a-z0-9]+)*' : ''
  const component = path.startsWith('web/') ? '|[A-Z][A-Za-z0-9]*' : ''
  const form = new RegExp(`^([a-z0-9]+(-[a-z0-9]+)*${snake}${component})(\\.(test|bench|config))?\\.tsx?$`)
  if (!form.test(name)) report(1, `file name ${name} is not kebab-case`)
}

function checkSize({ isTest, text }: Source, report: Report): void {
  const lines = text.split('\n')
  if (lines.at(-1) === '') lines.pop()
  const maxLines = isTest ? MAX_TEST_FILE_LINES : MAX_FILE_LINES
  if (lines.length > maxLines) report(1, `${lines.length} lines; at most ${maxLines} (one concept a file)`)
  const maxColumns = isTest ? MAX_TEST_COLUMNS : MAX_COLUMNS
  lines.forEach((line, index) => {
    const columns = line.length > maxColumns ? [...line].length : line.length
    if (columns > maxColumns) report(index + 1, `${columns} columns; at most ${maxColumns}`)
  })
}

function checkComments({ comments, text }: Source, report: Report): void {
  for (const comment of comments) {
    const mark = /@ts-(?:ignore|nocheck|expect-error)|\b(?:TODO|FIXME|XXX|HACK)\b/.exec(comment.value)
    if (mark !== null) report(lineAt(text, comment.start + mark.index), `comment says ${mark[0]}`)
  }
}

function checkNode(source: Source, node: Node, report: Report): void {
  const problem = constructProblem(source, node)
  if (problem !== undefined) report(lineAt(source.text, node.start), problem)
}

function constructProblem({ path, isTest, text }: Source, node: Node): string | undefined {
  switch (node.type) {
    case 'TSAnyKeyword':
      return '`any`: use `unknown` and narrow it'
    case 'TSNonNullExpression':
      return isTest ? undefined : 'non-null `!`: prove it, or use invariant()'
    case 'TSEnumDeclaration':
      return 'enum: use a union of strings'
    case 'ExportDefaultDeclaration':
      return path.endsWith('.config.ts') ? undefined : 'default export: export by name'
    case 'ExportAllDeclaration':
      return '`export *`: import from the file that has it'
    case 'ExportNamedDeclaration':
      return isNode(node.source) ? 're-export: import from the file that has it' : undefined
    case 'FunctionDeclaration':
    case 'FunctionExpression':
    case 'ArrowFunctionExpression': {
      const lines = lineAt(text, node.end) - lineAt(text, node.start) + 1
      const tooLong = !isTest && lines > MAX_FUNCTION_LINES
      return tooLong ? `function of ${lines} lines; at most ${MAX_FUNCTION_LINES}` : undefined
    }
    default:
      return undefined
  }
}

function checkDocs({ program, comments, text }: Source, report: Report): void {
  const seen = new Set<string>()
  for (const statement of program.body as Node[]) {
    const declaration = statement.declaration
    if (statement.type !== 'ExportNamedDeclaration' || !isNode(declaration)) continue
    const name = declaredName(declaration)
    // The comment above the first overload speaks for all of them.
    if (seen.has(name)) continue
    seen.add(name)
    const documented = comments.some(
      ({ type, value, end }) =>
        type === 'Block' &&
        value.startsWith('*') &&
        /^[ \t]*\n?[ \t]*$/.test(text.slice(end, statement.start)) &&
        end <= statement.start,
    )
    if (!documented) report(lineAt(text, statement.start), `exported ${name} has no doc comment above it`)
  }
}

function declaredName(declaration: Node): string {
  const declared = (declaration.declarations as Node[] | undefined)?.[0] ?? declaration
  return isNode(declared.id) ? String(declared.id.name ?? 'value') : 'value'
}
