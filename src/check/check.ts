import { checkAlloy } from './alloy.ts'
import { checkCompose } from './compose.ts'
import { detectKind, type FileKind } from './detect.ts'
import { type Finding, sortFindings } from './finding.ts'
import { checkLoki } from './loki.ts'
import { checkRules } from './rules.ts'

/** What a check found out about a file. */
export interface CheckResult {
  /** `undefined` where the file is none of those that can be checked. */
  readonly kind: FileKind | undefined
  readonly findings: readonly Finding[]
}

/**
 * Checks the text of a configuration file; `path` helps to tell what it is. `nowMs` decides which schema is
 * in force.
 */
export async function checkText(path: string, text: string, nowMs: number): Promise<CheckResult> {
  const kind = detectKind(path, text)
  switch (kind) {
    case 'loki':
      return { kind, findings: sortFindings(checkLoki(text, nowMs)) }
    case 'alloy':
      return { kind, findings: sortFindings(await checkAlloy(path, text)) }
    case 'compose':
      return { kind, findings: sortFindings(checkCompose(path, text)) }
    case 'rules':
      return { kind, findings: sortFindings(checkRules(text)) }
    case undefined:
      return { kind, findings: [] }
  }
}
