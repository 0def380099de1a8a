import type { LinePredicate, ScanStats } from '#store/types.ts'
import type { Pipeline } from '../pipeline/compile.ts'
import { linePredicate } from '../pipeline/field-needles.ts'

/** How one selector of a query was read. */
export interface ExplainedRead {
  /** The log expression, or the range function around it, as Loki would print it. */
  readonly expr: string
  /** Conditions on the bytes of lines, which the store checks: it leaves out blocks and lines by them. */
  readonly pushedDown: readonly string[]
  /** What rules lines out before they are parsed: texts that filters on their fields, or patterns, need. */
  readonly ruledOutBy: readonly string[]
  /** Labels that the query needs; `all` where that is every one. */
  readonly labels: readonly string[] | 'all'
  /** Stages that run on each line that is left. */
  readonly stages: number
  /** Cells of the store's counters that stood for lines. */
  countedCells: number
  /** Parts of the time that other threads have read. */
  partsElsewhere: number
  /** What the scans did; complete when the query has ended. */
  readonly scans: ScanStats[]
}

/** What a query did, for people: one entry per selector, in the order of the query's text. */
export interface Explanation {
  /** False where every shortcut is switched off. */
  readonly shortcuts: boolean
  readonly reads: readonly ExplainedRead[]
}

/** The entry of a selector whose reading begins. */
export function explainRead(
  expr: string,
  { predicates, fieldNeedles, foldedNeedles, stages }: Pipeline,
  labels: readonly string[] | 'all',
): ExplainedRead {
  return {
    expr,
    pushedDown: predicates.map((predicate) => `line ${predicateText(predicate)}`),
    ruledOutBy: [
      ...fieldNeedles.map((each) => `${each.name}: line ${predicateText(linePredicate(each))}`),
      ...foldedNeedles.map(({ text }) => `line contains ${JSON.stringify(text)} in any case`),
    ],
    labels,
    stages: stages.length,
    countedCells: 0,
    partsElsewhere: 0,
    scans: [],
  }
}

function predicateText({ kind, needles }: LinePredicate): string {
  const texts = needles.map((needle) => JSON.stringify(Buffer.from(needle).toString()))
  return kind === 'contains' ? `contains ${texts.join(' or ')}` : `lacks ${texts.join(' and ')}`
}
