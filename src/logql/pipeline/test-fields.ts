import type { RowBatch } from '#store/types.ts'
import { bothPass, type Outcomes, PASSES, REJECTS, REJECTS_MARKED } from './column-filter.ts'
import type { CompiledFields } from './compile.ts'
import { hasReservedMetadata, LabelSources } from './label-source.ts'

/** Rows of a batch, sorted by what its columns say of the filters on their fields. */
export interface TestedRows {
  /** Rows that the columns do not rule out, in their order. */
  readonly mayPass: Uint32Array
  /** Of those, the ones that pass for certain: no stage sets an error on them. */
  readonly passes: Uint32Array
  /** The others of those, of which only their lines can tell. */
  readonly unknown: Uint32Array
  /** Where labels come from in the rows that pass. */
  readonly sources: LabelSources
}

/** What is read of rows that pass, next to what the filters look at. */
export interface WantedSamples {
  /** Labels whose columns are to be there too. */
  readonly names: readonly string[]
  /** Whether the parser stops as soon as it has found all labels that are looked at. */
  readonly isNarrow: boolean
}

/**
 * Tests the filters of a pipeline on the columns of a batch. Undefined where columns do not have what the
 * filters look at.
 * @param samples what is to be read of rows that pass; undefined where all that counts is which rows are out
 */
export function testFields(
  batch: RowBatch,
  rows: Uint32Array,
  { parser, tests }: CompiledFields,
  samples?: WantedSamples,
): TestedRows | undefined {
  if (parser !== undefined && batch.fields === undefined) return undefined
  if (hasReservedMetadata(batch)) return undefined
  const sources = new LabelSources(batch, parser)
  for (const name of samples?.names ?? []) if (sources.of(name) === undefined) return undefined
  let outcomes: Outcomes | undefined
  for (const test of tests) {
    const found = test.test(sources, rows, batch.rowMetadata)
    if (found === undefined) return undefined
    outcomes = outcomes === undefined ? found : bothPass(outcomes, found, test)
  }
  // A parser that goes on may fail, and pass what a filter that heeds errors would drop.
  const stopsEarly =
    samples === undefined
      ? !tests.some(({ heedsErrors }) => heedsErrors)
      : samples.isNarrow && sources.areFields
  const unproven = sources.unproven(stopsEarly)
  if (unproven === false) return undefined
  return sortRows(rows, outcomes, unproven, sources)
}

function sortRows(
  rows: Uint32Array,
  outcomes: Outcomes | undefined,
  unproven: Uint8Array | undefined,
  sources: LabelSources,
): TestedRows {
  if (unproven === undefined && (outcomes === undefined || outcomes.every((of) => of === PASSES))) {
    return { mayPass: rows, passes: rows, unknown: new Uint32Array(0), sources }
  }
  const mayPass = new Uint32Array(rows.length)
  const passes = new Uint32Array(rows.length)
  const unknown = new Uint32Array(rows.length)
  let possible = 0
  let certain = 0
  let open = 0
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]
    const isProven = unproven === undefined || unproven[row] === 0
    const outcome = outcomes === undefined ? PASSES : outcomes[i]
    if (isProven && (outcome === REJECTS || outcome === REJECTS_MARKED)) continue
    mayPass[possible++] = row
    if (isProven && outcome === PASSES) passes[certain++] = row
    else unknown[open++] = row
  }
  return {
    mayPass: mayPass.subarray(0, possible),
    passes: passes.subarray(0, certain),
    unknown: unknown.subarray(0, open),
    sources,
  }
}
