import type { Stage } from '../syntax/ast.ts'

/** A run of line filters that Loki merges into one stage. */
export interface LineFilterRun {
  readonly kind: 'lineFilters'
  readonly filters: readonly (Stage & { kind: 'lineFilter' })[]
}

/** A stage in the order it runs. */
export type PlannedStage = Exclude<Stage, { kind: 'lineFilter' }> | LineFilterRun

/**
 * Moves the line filters of each run of stages to its front, as Loki does. A run ends at a label filter,
 * `line_format` or `unpack`: what stands behind these may depend on them. (It also moves filters across
 * `decolorize`, where that shows: they then see the coloured line.)
 */
export function hoistLineFilters(stages: readonly Stage[]): PlannedStage[] {
  const planned: PlannedStage[] = []
  let filters: (Stage & { kind: 'lineFilter' })[] = []
  let rest: PlannedStage[] = []
  const endRun = (): void => {
    if (filters.length > 0) planned.push({ kind: 'lineFilters', filters })
    planned.push(...rest)
    filters = []
    rest = []
  }
  for (const stage of stages) {
    if (stage.kind === 'lineFilter') filters.push(stage)
    else {
      rest.push(stage)
      if (stage.kind === 'labelFilter' || stage.kind === 'lineFormat' || stage.kind === 'unpack') endRun()
    }
  }
  endRun()
  return planned
}

const READS_LINE: ReadonlySet<Stage['kind']> = new Set([
  'json',
  'logfmt',
  'regexp',
  'pattern',
  'unpack',
  'lineFilter',
])

/**
 * Leaves out each `line_format` whose line nobody reads any more: in a metric query that counts no bytes, one
 * that no parser or line filter follows. Its template's errors vanish with it, as in Loki.
 */
export function dropUnreadLineFormats(stages: readonly Stage[]): Stage[] {
  const lastReader = stages.findLastIndex((stage) => READS_LINE.has(stage.kind))
  return stages.filter((stage, i) => stage.kind !== 'lineFormat' || i < lastReader)
}
