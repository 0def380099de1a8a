import { errorMessage } from '#base/errors.ts'
import { goSeconds, parseByteSize } from '#base/go-literals.ts'
import { parseGoFloat } from '#base/gofloat.ts'
import { compileLabelFilter } from '../pipeline/label-filter.ts'
import type { Row, StageRun } from '../pipeline/row.ts'
import type { Unwrap } from '../syntax/ast.ts'

/** Reads a line's sample from a label. Returns NaN-free `undefined` where the line yields none. */
export type ReadSample = (row: Row) => number | undefined

/** Reads a label's text as a number. @throws Error where it is none of the expected form */
export type Convert = (text: string) => number

const CONVERSIONS = {
  bytes: parseByteSize,
  duration: goSeconds,
  duration_seconds: goSeconds,
} as const

/** How an `unwrap` reads its label. */
export function conversionOf({ conversion }: Unwrap): Convert {
  return conversion === undefined ? parseGoFloat : CONVERSIONS[conversion]
}

/**
 * Compiles `| unwrap`. A label that is absent or empty yields no sample; one that cannot be read yields 0 and
 * the error `SampleExtractionErr`, which the filters behind may drop.
 */
export function compileUnwrap(unwrap: Unwrap, row: Row): ReadSample {
  const id = row.names.intern(unwrap.label)
  const convert = conversionOf(unwrap)
  const filters: StageRun[] = unwrap.filters.map((filter) => compileLabelFilter(filter, row.names))
  return ({ labels }) => {
    const decimal = convert === parseGoFloat ? labels.decimal(id) : undefined
    if (decimal !== undefined) {
      for (const filter of filters) if (!filter(row)) return undefined
      return decimal
    }
    const text = labels.get(id)
    if (text === undefined || text === '') return undefined
    let value = 0
    try {
      value = convert(text)
    } catch (thrown) {
      labels.setError('SampleExtractionErr', errorMessage(thrown))
    }
    for (const filter of filters) if (!filter(row)) return undefined
    return value
  }
}
