import { type Diagnostic, DiagnosticsError } from '#collector/syntax/diagnostic.ts'
import { parseConfig } from '#collector/syntax/parser.ts'
import { placeAt } from './alloy-ast.ts'
import { adviseAlloy } from './alloy-rules.ts'
import { FILE_START, type Finding } from './finding.ts'

/** Checks a config.alloy: its syntax, what its components refuse, and what it does that nobody can want. */
export function checkAlloy(name: string, text: string): Finding[] {
  try {
    return adviseAlloy(parseConfig(name, text))
  } catch (error) {
    if (error instanceof DiagnosticsError) return error.diagnostics.map(syntaxFinding)
    throw error
  }
}

function syntaxFinding({ severity, message, span }: Diagnostic): Finding {
  return {
    code: 'alloy-syntax',
    severity,
    ...(span === undefined ? FILE_START : placeAt(span.source, span.start)),
    what: message,
    why: 'A file that cannot be read is refused as a whole.',
    fix: 'Look at the braces, quotes and commas around this place.',
  }
}
