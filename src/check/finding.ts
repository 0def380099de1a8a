/** `error`: it will not start, or not do its job. `warning`: it will hurt later. `hint`: worth knowing. */
export type Severity = 'error' | 'warning' | 'hint'

/** One thing that `logboom check` has to say about a file. */
export interface Finding {
  /** Stable, e.g. `loki-delete-request-store`: what scripts and searches may rely on. */
  readonly code: string
  readonly severity: Severity
  /** 1-based; 1:1 where the finding is about the file as a whole. */
  readonly line: number
  readonly column: number
  /** What happens, in one sentence without a full stop. */
  readonly what: string
  /** Why it happens. */
  readonly why: string
  /** What to do about it. */
  readonly fix: string
  /** The corrected lines, where they can be shown. */
  readonly example?: string
}

/** A place in a file, 1-based. */
export interface Place {
  readonly line: number
  readonly column: number
}

/** The head of a file, for findings that have no place of their own. */
export const FILE_START: Place = { line: 1, column: 1 }

/** The gravest first, since a long list scrolls away; among equals by place. */
export function sortFindings(findings: readonly Finding[]): Finding[] {
  const order: Record<Severity, number> = { error: 0, warning: 1, hint: 2 }
  return findings.toSorted(
    (a, b) => order[a.severity] - order[b.severity] || a.line - b.line || a.column - b.column,
  )
}
