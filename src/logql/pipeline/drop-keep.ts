import type { LabelMatcher } from '#store/types.ts'
import type { NamedTarget } from '../syntax/ast.ts'
import { compileMatcher } from './matcher.ts'
import { ERROR_DETAILS_LABEL, ERROR_LABEL, PRESERVE_ERROR_LABEL } from './names.ts'
import type { Row, StageRun } from './row.ts'

interface Target {
  readonly name: string
  readonly id: number
  readonly matcher: LabelMatcher | undefined
}

function compileTargets(targets: readonly NamedTarget[], row: Row): Target[] {
  return targets.map((target) => ({
    name: target.name,
    id: row.names.intern(target.name),
    matcher: 'op' in target ? compileMatcher(target) : undefined,
  }))
}

/** `| drop a, b="c"`: removes labels, with a matcher only where it matches. */
export function compileDrop(targets: readonly NamedTarget[], row: Row): StageRun {
  const compiled = compileTargets(targets, row)
  return () => {
    const { labels } = row
    for (const { name, id, matcher } of compiled) {
      if (name === ERROR_LABEL) {
        if (matcher === undefined || matcher.matches(labels.error)) labels.error = ''
      } else if (name === ERROR_DETAILS_LABEL) {
        if (matcher === undefined || matcher.matches(labels.errorDetails)) labels.errorDetails = ''
      }
      if (matcher === undefined || matcher.matches(labels.get(id) ?? '')) labels.delete(id)
    }
    return true
  }
}

/** `| keep a, b="c"`: removes every other label, and those whose matcher does not match. Errors stay. */
export function compileKeep(targets: readonly NamedTarget[], row: Row): StageRun {
  const compiled = compileTargets(targets, row)
  const always = new Set(
    [ERROR_LABEL, ERROR_DETAILS_LABEL, PRESERVE_ERROR_LABEL].map((name) => row.names.intern(name)),
  )
  return () => {
    const { labels } = row
    const removed: number[] = []
    labels.forEach((id, value) => {
      if (always.has(id)) return
      const kept = compiled.some(
        (target) => target.id === id && (target.matcher === undefined || target.matcher.matches(value)),
      )
      if (!kept) removed.push(id)
    })
    for (const id of removed) labels.delete(id)
    return true
  }
}
