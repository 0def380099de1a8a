import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { errorMessage, OperatorError } from '#base/errors.ts'
import { parseNamespaceFile, RuleSyntaxError } from '#config/rules/parse-rules.ts'
import type { RuleGroup } from '#config/rules/rule-group.ts'
import { validateGroups } from '#config/rules/validate-groups.ts'

/** Groups of rules by namespace. */
export type RuleNamespaces = ReadonlyMap<string, readonly RuleGroup[]>

/** What is wrong with a file of rules, as `file:line:column: what`. */
export type RuleFault = string

/**
 * Reads files of rules. A namespace is what `namespace` beside `groups` says, else the name of the file
 * without its extension.
 * @throws OperatorError `rules_unreadable`
 */
export function readRuleFiles(files: readonly string[]): {
  readonly namespaces: RuleNamespaces
  readonly faults: readonly RuleFault[]
} {
  const namespaces = new Map<string, readonly RuleGroup[]>()
  const faults: RuleFault[] = []
  for (const file of files) {
    const read = readRuleFile(file)
    faults.push(...read.faults)
    const known = namespaces.get(read.namespace) ?? []
    const names = new Set(known.map(({ name }) => name))
    for (const { name } of read.groups) {
      if (names.has(name)) faults.push(`${file}: another file has a group ${name} of ${read.namespace}, too`)
    }
    namespaces.set(read.namespace, [...known, ...read.groups])
  }
  return { namespaces, faults }
}

function readRuleFile(file: string): {
  readonly namespace: string
  readonly groups: readonly RuleGroup[]
  readonly faults: readonly RuleFault[]
} {
  const ownName = basename(file).replace(/\.ya?ml$/, '')
  try {
    const { namespace, groups, place } = parseNamespaceFile(readText(file))
    const faults = validateGroups(groups).map(({ message, path }) => {
      const { line, column } = place(['groups', ...path])
      return `${file}:${line}:${column}: ${message}`
    })
    return { namespace: namespace || ownName, groups, faults }
  } catch (error) {
    if (!(error instanceof RuleSyntaxError)) throw error
    const faults = error.problems.map(({ message, line = 1, column = 1 }) => {
      return `${file}:${line}:${column}: ${message.replace(/^line \d+: /, '')}`
    })
    return { namespace: ownName, groups: [], faults }
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new OperatorError('rules_unreadable', `cannot read ${file}: ${errorMessage(error)}`, {
      cause: error,
    })
  }
}
