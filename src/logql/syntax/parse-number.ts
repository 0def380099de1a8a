import { errorMessage } from '#base/errors.ts'
import { parseGoFloat } from '#base/gofloat.ts'
import type { Cursor } from './cursor.ts'

/** `[+|-] NUMBER`. A number that Go cannot read as a float is reported after problems of form. */
export function parseNumber(cursor: Cursor): number {
  const negative = cursor.is('-')
  if (negative || cursor.is('+')) cursor.take()
  const value = numberValue(cursor, cursor.expect('NUMBER').text)
  return negative ? -value : value
}

/** The value of a NUMBER token's text; `what` is what Loki's message calls it. */
export function numberValue(cursor: Cursor, text: string, what = 'literal'): number {
  try {
    return parseGoFloat(text)
  } catch (thrown) {
    cursor.defer(`unable to parse ${what} as a float: ${errorMessage(thrown)}`)
    return 0
  }
}
