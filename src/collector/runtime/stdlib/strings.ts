import { posix } from 'node:path'
import type { Value } from '../value.ts'
import { expectArgs, listArg, textArg } from './args.ts'
import { formatGo } from './format.ts'
import type { LibraryFunction } from './stdlib.ts'

/** A function of a fixed number of texts. */
function texts(count: number, convert: (...args: string[]) => Value): LibraryFunction {
  return (args) => {
    expectArgs(args, count)
    return convert(...args.map((_, i) => textArg(args, i)))
  }
}

/** Go's `strings.Trim`: `set` is a set of characters. */
function trimSet(text: string, set: string): string {
  const characters = new Set(set)
  const points = [...text]
  let start = 0
  let end = points.length
  while (start < end && characters.has(points[start])) start++
  while (end > start && characters.has(points[end - 1])) end--
  return points.slice(start, end).join('')
}

/** The functions of `string`. */
export const stringFunctions: Readonly<Record<string, LibraryFunction>> = {
  format: (args) => {
    if (args.length === 0) throw new Error('expected at least 1 args, got 0')
    return formatGo(textArg(args, 0), args.slice(1))
  },
  join: (args) => {
    expectArgs(args, 2)
    const list = listArg(args, 0)
    return list.map((_, i) => textArg(list, i)).join(textArg(args, 1))
  },
  split: texts(2, (text, separator) => (separator === '' ? [...text] : text.split(separator))),
  replace: texts(3, (text, from, to) =>
    from === '' ? replaceEmpty(text, to) : text.replaceAll(from, () => to),
  ),
  to_lower: texts(1, (text) => text.toLowerCase()),
  to_upper: texts(1, (text) => text.toUpperCase()),
  trim: texts(2, trimSet),
  trim_prefix: texts(2, (text, prefix) => (text.startsWith(prefix) ? text.slice(prefix.length) : text)),
  trim_suffix: texts(2, (text, suffix) =>
    suffix !== '' && text.endsWith(suffix) ? text.slice(0, -suffix.length) : text,
  ),
  trim_space: texts(1, trimSpace),
}

/** Go's `strings.TrimSpace`: Unicode white space, without the byte order mark that JavaScript trims too. */
function trimSpace(text: string): string {
  return text.replace(/^(?:(?!\uFEFF)[\s\x85])+|(?:(?!\uFEFF)[\s\x85])+$/g, '')
}

/** Go puts the replacement before every character and at the end. */
function replaceEmpty(text: string, to: string): string {
  return to + [...text].map((char) => char + to).join('')
}

/** `file.path_join(…)`: joins and cleans; no parts give the empty text. */
export const pathJoin: LibraryFunction = (args) => {
  const parts = args.map((_, i) => textArg(args, i)).filter((part) => part !== '')
  if (parts.length === 0) return ''
  const joined = posix.normalize(parts.join('/'))
  return joined.length > 1 && joined.endsWith('/') ? joined.slice(0, -1) : joined
}
