import { styleText } from 'node:util'
import type { Finding, Severity } from './finding.ts'

const COLOURS: Record<Severity, 'red' | 'yellow' | 'cyan'> = { error: 'red', warning: 'yellow', hint: 'cyan' }

/** The findings of one file as text for people: place, what, the lines in question, why, how to mend it. */
export function reportText(
  path: string,
  text: string,
  findings: readonly Finding[],
  colour: boolean,
): string {
  const lines = text.split('\n').map((line) => line.replaceAll('\r', '').replaceAll('\t', '    '))
  const paint = (style: Parameters<typeof styleText>[0], words: string): string =>
    colour ? styleText(style, words, { validateStream: false }) : words
  return findings
    .map((finding) => {
      const { line, column, severity, what, code, why, fix, example } = finding
      const head = `${path}:${line}:${column}: ${paint(COLOURS[severity], severity)}: ${what} [${code}]`
      const width = String(line).length
      const margin = (label: string | number): string => `${String(label).padStart(width + 2)} | `
      const shown = [line - 1, line]
        .filter((number) => number >= 1 && number <= lines.length)
        .map((number) => margin(number) + lines[number - 1])
      const caret = margin('') + ' '.repeat(caretIndent(text, line, column)) + paint(COLOURS[severity], '^')
      const advice = [`  why: ${why}`, `  fix: ${fix}`]
      for (const exampleLine of example?.split('\n') ?? [])
        advice.push(paint('green', `       ${exampleLine}`))
      return [head, ...shown, caret, ...advice].join('\n')
    })
    .map((block) => `${block}\n`)
    .join('\n')
}

/** Columns before the caret; a tab takes four, as it is printed. */
function caretIndent(text: string, line: number, column: number): number {
  const before = (text.split('\n')[line - 1] ?? '').slice(0, column - 1)
  return before.replaceAll('\t', '    ').length
}

/** `2 errors, 1 warning, 3 hints`, or `nothing to complain about`. */
export function summary(findings: readonly Finding[]): string {
  const parts = (['error', 'warning', 'hint'] as const).flatMap((severity) => {
    const count = findings.filter((finding) => finding.severity === severity).length
    return count === 0 ? [] : [`${count} ${severity}${count === 1 ? '' : 's'}`]
  })
  return parts.join(', ') || 'nothing to complain about'
}
