import { executeTemplate, LabelMap } from './exec.ts'
import { type FunctionTable, fn } from './functions.ts'
import { BUILTIN_FUNCTIONS } from './functions-builtin.ts'
import { MATH_FUNCTIONS } from './functions-math.ts'
import { TEXT_FUNCTIONS } from './functions-text.ts'
import { TIME_FUNCTIONS } from './functions-time.ts'
import { LOCAL } from './go-time.ts'
import { parseTemplate } from './parser.ts'
import type { Value } from './values.ts'

/** What a template can see of a line. */
export interface TemplateLine {
  readonly text: string
  readonly tsMs: number
  readonly tsNs: number
}

/**
 * Compiles a template of any use.
 * @param name what its messages call it
 * @returns the template's output for a value; throws Error with Go's text where the execution fails
 * @throws Error with Go's text: `template: line:1: unclosed action`
 */
export function compileTextTemplate(
  name: string,
  text: string,
  functions: FunctionTable,
): (data: Value) => string {
  const known = (word: string): boolean =>
    Object.hasOwn(functions, word) || word === 'and' || word === 'or' || word === 'call'
  const parsed = parseTemplate(name, text, known)
  return (data) => executeTemplate(parsed, functions, data)
}

/** A compiled template. `run` throws Error with Go's text where the execution fails. */
export interface LineTemplate {
  run(line: TemplateLine, labels: Iterable<readonly [string, string]>): string
}

/**
 * Compiles a template of `line_format` or `label_format`.
 * @param name what its messages call it: `line` or `label`
 * @throws Error with Go's text: `template: line:1: unclosed action`
 */
export function compileTemplate(name: string, text: string): LineTemplate {
  let line: TemplateLine = { text: '', tsMs: 0, tsNs: 0 }
  const functions: FunctionTable = {
    ...BUILTIN_FUNCTIONS,
    ...TEXT_FUNCTIONS,
    ...MATH_FUNCTIONS,
    ...TIME_FUNCTIONS,
    __line__: fn('', () => line.text),
    __timestamp__: fn('', () => ({ ms: line.tsMs, ns: line.tsNs, zone: LOCAL })),
  }
  const run = compileTextTemplate(name, text, functions)
  return {
    run: (current, labels) => {
      line = current
      return run(new LabelMap(labels))
    },
  }
}

/**
 * The name of a template that is nothing but `{{.name}}`, which needs no execution; undefined for any other.
 */
export function soleField(text: string): string | undefined {
  return /^\{\{\s*\.([\p{L}_][\p{L}\p{Nd}_]*)\s*\}\}$/u.exec(text)?.[1]
}
