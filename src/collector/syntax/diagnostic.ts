import { positionAt, type Span } from './source.ts'

/** Something wrong, or questionable, in a configuration. Without a span it concerns the graph as a whole. */
export interface Diagnostic {
  readonly severity: 'error' | 'warning'
  readonly message: string
  readonly span?: Span
}

/** Carries diagnostics out of code that cannot go on. The only error the configuration's reader throws. */
export class DiagnosticsError extends Error {
  readonly diagnostics: readonly Diagnostic[]

  constructor(diagnostics: readonly Diagnostic[]) {
    super(diagnostics.map(diagnosticLine).join('\n'))
    this.name = 'DiagnosticsError'
    this.diagnostics = diagnostics
  }
}

/** An error at a place. */
export function errorAt(span: Span | undefined, message: string): Diagnostic {
  return { severity: 'error', message, span }
}

/** A warning at a place. */
export function warningAt(span: Span | undefined, message: string): Diagnostic {
  return { severity: 'warning', message, span }
}

/** Whether any of them is an error, not just a warning. */
export function hasErrors(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some((diagnostic) => diagnostic.severity === 'error')
}

/** The one-line form `config.alloy:2:5: message`; `-: message` where there is no place. */
export function diagnosticLine(diagnostic: Diagnostic): string {
  const { span, message } = diagnostic
  if (span === undefined) return `-: ${message}`
  const { line, column } = positionAt(span.source, span.start)
  return `${span.source.name}:${line}:${column}: ${message}`
}
