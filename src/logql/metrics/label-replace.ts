import type { Labels } from '#base/labels.ts'
import { labelValue } from '#base/labels.ts'
import { compileRegex, expandTemplate } from '#base/regex/regex.ts'
import type { LabelReplaceExpr } from '../syntax/ast.ts'
import { type SeriesId, SeriesTable, type Vector } from './vector.ts'

/**
 * `label_replace`: sets `dst` from a match on `src`; an empty result removes it. Equal label sets may come
 * out.
 */
export function makeLabelReplace({
  dst,
  replacement,
  src,
  regex,
}: LabelReplaceExpr): (input: Vector) => Vector {
  const compiled = compileRegex(`^(?:${regex})$`)
  const table = new SeriesTable()
  const known = new Map<SeriesId, SeriesId>()
  const replace = (labels: Labels): Labels => {
    const groups = compiled.exec(labelValue(labels, src))
    if (groups === undefined) return labels
    const value = expandTemplate(replacement, groups, compiled.groupNames)
    const rest = labels.filter(([name]) => name !== dst)
    if (value === '') return rest
    return [...rest, [dst, value] as const].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  }
  const replaced = (id: SeriesId): SeriesId => {
    let result = known.get(id)
    if (result === undefined) known.set(id, (result = table.of(replace(id.labels))))
    return result
  }
  return ({ series, values }) => ({ series: series.map(replaced), values })
}
