import { errorMessage } from '#base/errors.ts'
import { parseSelector } from '#logql/syntax/parser.ts'

/** What is wrong with a stream selector of the configuration, or `undefined`. */
export function selectorFault(selector: string): string | undefined {
  try {
    parseSelector(selector)
    return undefined
  } catch (error) {
    return errorMessage(error)
  }
}
