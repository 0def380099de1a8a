import { printGroup } from '#config/rules/print-rules.ts'
import type { RuleGroup } from '#config/rules/rule-group.ts'
import type { RuleNamespaces } from './rules-files.ts'

/** A group that is not the same on the server and in files. */
export interface RuleChange {
  readonly namespace: string
  readonly name: string
  /** As the server has it; undefined where it has none. */
  readonly before: RuleGroup | undefined
  /** As the files have it; undefined where they have none. */
  readonly after: RuleGroup | undefined
}

/** What has to change for a server to have the groups of `wanted`, in the order of names. */
export function ruleChanges(present: RuleNamespaces, wanted: RuleNamespaces): RuleChange[] {
  const changes: RuleChange[] = []
  for (const namespace of [...new Set([...present.keys(), ...wanted.keys()])].sort()) {
    const before = new Map(present.get(namespace)?.map((group) => [group.name, group]))
    const after = new Map(wanted.get(namespace)?.map((group) => [group.name, group]))
    for (const name of [...new Set([...before.keys(), ...after.keys()])].sort()) {
      const [was, will] = [before.get(name), after.get(name)]
      if (was !== undefined && will !== undefined && printGroup(was) === printGroup(will)) continue
      changes.push({ namespace, name, before: was, after: will })
    }
  }
  return changes
}

/** A change in words, and its lines as `diff` shows them. */
export function changeText({ namespace, name, before, after }: RuleChange): string {
  const what = before === undefined ? 'new' : after === undefined ? 'goes' : 'changed'
  const lines = diffLines(linesOf(before), linesOf(after))
  return [`${namespace}/${name}: ${what}`, ...lines].map((line) => `${line}\n`).join('')
}

function linesOf(group: RuleGroup | undefined): string[] {
  return group === undefined ? [] : printGroup(group).trimEnd().split('\n')
}

/** The lines of both with their marks, by the longest common subsequence. */
function diffLines(before: readonly string[], after: readonly string[]): string[] {
  const common = Array.from({ length: before.length + 1 }, () => new Int32Array(after.length + 1))
  for (let i = before.length - 1; i >= 0; i--) {
    for (let j = after.length - 1; j >= 0; j--) {
      const same = before[i] === after[j]
      common[i][j] = same ? common[i + 1][j + 1] + 1 : Math.max(common[i + 1][j], common[i][j + 1])
    }
  }
  const out: string[] = []
  let i = 0
  let j = 0
  while (i < before.length || j < after.length) {
    if (i < before.length && j < after.length && before[i] === after[j]) {
      out.push(`  ${before[i++]}`)
      j++
    } else if (j === after.length || (i < before.length && common[i + 1][j] >= common[i][j + 1])) {
      out.push(`- ${before[i++]}`)
    } else out.push(`+ ${after[j++]}`)
  }
  return out
}
