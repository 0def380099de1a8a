import { validateConfig } from '#collector/runtime/link.ts'
import type { ConfigFile } from '#collector/syntax/ast.ts'
import { type Diagnostic, DiagnosticsError } from '#collector/syntax/diagnostic.ts'
import { parseConfig } from '#collector/syntax/parser.ts'
import { placeAt } from './alloy-ast.ts'
import { adviseAlloy } from './alloy-rules.ts'
import { FILE_START, type Finding } from './finding.ts'

/** Checks a config.alloy: its syntax, what its components refuse, and what it does that nobody can want. */
export async function checkAlloy(name: string, text: string): Promise<Finding[]> {
  let file: ConfigFile
  try {
    file = parseConfig(name, text)
  } catch (error) {
    if (error instanceof DiagnosticsError) return error.diagnostics.map(syntaxFinding)
    throw error
  }
  const diagnostics = await validateConfig([{ name, text }])
  return [...diagnostics.map(configFinding), ...adviseAlloy(file)]
}

function syntaxFinding(diagnostic: Diagnostic): Finding {
  const why = 'A file that cannot be read is refused as a whole.'
  const fix = 'Look at the braces, quotes and commas around this place.'
  return finding(diagnostic, 'alloy-syntax', why, fix)
}

function configFinding(diagnostic: Diagnostic): Finding {
  const { message } = diagnostic
  if (/cannot find the definition of component/i.test(message)) {
    const why =
      'The name is misspelt, or it is a component that Logboom does not have (it collects logs only).'
    return finding(diagnostic, 'alloy-unknown-component', why, 'Correct the name, or take the component out.')
  }
  if (/not supported yet|is out of scope: /.test(message)) {
    const why =
      'Alloy has it; this version of Logboom does not, and refuses the file rather than leave it out in ' +
      'silence.'
    return finding(diagnostic, 'alloy-unsupported', why, 'Take it out, or run this file with grafana/alloy.')
  }
  const why = 'The collector checks the whole file before it starts anything, and refuses it for one error.'
  return finding(diagnostic, 'alloy-config', why, 'Change what the message names.')
}

function finding({ severity, message, span }: Diagnostic, code: string, why: string, fix: string): Finding {
  const place = span === undefined ? FILE_START : placeAt(span.source, span.start)
  return { code, severity, ...place, what: message, why, fix }
}
