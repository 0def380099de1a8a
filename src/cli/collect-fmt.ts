import { readFileSync, writeFileSync } from 'node:fs'
import { formatConfig, loadConfigPath } from '#collector/runtime/config-files.ts'
import { DiagnosticsError, diagnosticLine } from '#collector/syntax/diagnostic.ts'

/**
 * `fmt [-w] [-t] [FILE|-]`, Alloy's formatter: prints the canonical form of a file or of standard input. `-w`
 * rewrites the file, `-t` only says by its exit status whether something would change.
 * @returns the exit status
 */
export function runFmt(args: readonly string[]): number {
  const options = new Set(args.filter((arg) => arg.length > 1 && arg.startsWith('-')))
  const [path = '-', ...more] = args.filter((arg) => !options.has(arg))
  const write = options.delete('-w') || options.delete('--write')
  const test = options.delete('-t') || options.delete('--test')
  if (options.size > 0 || more.length > 0) {
    console.error('usage: logboom fmt [-w] [-t] [FILE|-]')
    return 1
  }
  if (write && path === '-') {
    console.error('logboom fmt: -w needs a file: standard input cannot be rewritten')
    return 1
  }
  const text = path === '-' ? readFileSync(0, 'utf8') : loadConfigPath(path)[0].text
  try {
    const formatted = formatConfig(text, path === '-' ? '<stdin>' : path)
    if (test) return formatted === text ? 0 : 1
    if (write) writeFileSync(path, formatted)
    else process.stdout.write(formatted)
    return 0
  } catch (error) {
    if (!(error instanceof DiagnosticsError)) throw error
    for (const diagnostic of error.diagnostics) console.error(diagnosticLine(diagnostic))
    console.error('encountered errors during formatting')
    return 1
  }
}
