import { readFileSync, writeFileSync } from 'node:fs'
import { errorMessage, OperatorError } from '#base/errors.ts'
import { formatConfig, loadConfigPath } from '#collector/runtime/config-files.ts'
import { DiagnosticsError, diagnosticLine } from '#collector/syntax/diagnostic.ts'
import { LogqlError } from '#logql/error.ts'
import { formatQuery } from '#logql/syntax/pretty.ts'

/**
 * `fmt [-w] [-t] [--logql] [FILE|-]`, Alloy's formatter: prints the canonical form of a file or of standard
 * input. `-w` rewrites the file, `-t` only says by its exit status whether something would change. `--logql`,
 * or a name that ends in `.logql`, is for a LogQL query instead, laid out as Loki's `format_query` does.
 * @returns the exit status
 */
export function runFmt(args: readonly string[]): number {
  const options = new Set(args.filter((arg) => arg.length > 1 && arg.startsWith('-')))
  const [path = '-', ...more] = args.filter((arg) => !options.has(arg))
  const write = options.delete('-w') || options.delete('--write')
  const test = options.delete('-t') || options.delete('--test')
  const isLogql = options.delete('--logql') || path.endsWith('.logql')
  if (options.size > 0 || more.length > 0) {
    console.error('usage: logboom fmt [-w] [-t] [--logql] [FILE|-]')
    return 1
  }
  if (write && path === '-') {
    console.error('logboom fmt: -w needs a file: standard input cannot be rewritten')
    return 1
  }
  const name = path === '-' ? '<stdin>' : path
  const text = path === '-' ? readFileSync(0, 'utf8') : readText(path, isLogql)
  try {
    const formatted = isLogql ? `${formatQuery(text)}\n` : formatConfig(text, name)
    if (test) return formatted === text ? 0 : 1
    if (write) writeFileSync(path, formatted)
    else process.stdout.write(formatted)
    return 0
  } catch (error) {
    if (error instanceof LogqlError) {
      console.error(`${name}: ${error.message}`)
      return 1
    }
    if (!(error instanceof DiagnosticsError)) throw error
    for (const diagnostic of error.diagnostics) console.error(diagnosticLine(diagnostic))
    console.error('encountered errors during formatting')
    return 1
  }
}

function readText(path: string, isLogql: boolean): string {
  if (!isLogql) return loadConfigPath(path)[0].text
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new OperatorError('file_unreadable', `${path}: ${errorMessage(error)}`)
  }
}
