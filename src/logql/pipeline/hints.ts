import type { LineLabels } from './line-labels.ts'

/**
 * What a query needs of its parsers, known before the first line: which names, and which values let a line be
 * dropped at once. A log query needs everything; a metric query that groups needs a few names.
 */
export interface Hints {
  /** Whether errors are to be kept instead of failing the query. */
  readonly preserveErrors: boolean
  /** Whether only some labels are needed, and how many these are. */
  readonly narrow: boolean
  readonly neededCount: number
  /** Whether no label is needed at all, so that parsers need not run. */
  readonly nothingNeeded: boolean
  /**
   * Whether a field of this name could be needed, under it or, where it collides, under `<name>_extracted`.
   */
  mayWant(name: string): boolean
  /** Whether a field inside the object of this name could be needed. */
  mayWantInside(name: string): boolean
  /** Whether the label is needed. */
  wants(id: number): boolean
  /** Whether every needed label has been found on this line. */
  allFound(labels: LineLabels): boolean
  /** Labels that {@link admits} looks at, by id. */
  readonly tested: EarlyTests
  /** Whether a line whose parser sets this label to this value can still pass the filters behind. */
  admits(id: number, value: string): boolean
}

/** Tests by label name id, of the first filter on that label. */
export type EarlyTests = ReadonlyMap<number, (value: string) => boolean>

/** Hints where every label is needed; `tests` may drop lines early. */
export function everythingNeeded(tests: EarlyTests): Hints {
  return {
    preserveErrors: false,
    narrow: false,
    neededCount: 0,
    nothingNeeded: false,
    mayWant: () => true,
    mayWantInside: () => true,
    wants: () => true,
    allFound: () => false,
    tested: tests,
    admits: tests.size === 0 ? () => true : (id, value) => tests.get(id)?.(value) ?? true,
  }
}

/** Hints where only some names are needed. */
export function someNeeded(
  names: readonly string[],
  intern: (name: string) => number,
  preserveErrors: boolean,
  tests: EarlyTests,
): Hints {
  const ids = names.map(intern)
  const wanted = new Set(ids)
  const texts = new Set(names)
  return {
    preserveErrors,
    narrow: true,
    neededCount: names.length,
    nothingNeeded: names.length === 0,
    mayWant: (name) => texts.has(name) || texts.has(`${name}_extracted`),
    mayWantInside: (name) => names.some((wantedName) => wantedName.startsWith(name === '' ? '' : `${name}_`)),
    wants: (id) => wanted.has(id),
    allFound: (labels) => ids.every((id) => labels.wasExtracted(id)),
    tested: tests,
    admits: tests.size === 0 ? () => true : (id, value) => tests.get(id)?.(value) ?? true,
  }
}
