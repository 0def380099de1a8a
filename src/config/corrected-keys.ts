import type { ConfigProblem } from './problem.ts'
import { isRawMap } from './tree.ts'
import type { YamlSource } from './yaml-source.ts'

/**
 * A file as its author meant it: misspelt keys under the names they are nearest to, unknown ones left
 * out. What else is wrong with it can so be told at once, with the places of the text as it stands.
 */
export function correctedSource(source: YamlSource, unknown: readonly ConfigProblem[]): YamlSource {
  if (unknown.length === 0) return source
  const meant = new Map(unknown.map(({ path = '', suggestion }) => [path, suggestion]))
  /** Path as meant → path as written. */
  const written = new Map<string, string[]>()
  const correct = (value: unknown, at: readonly string[], wasAt: readonly string[]): unknown => {
    if (Array.isArray(value)) {
      return value.map((item, i) => correct(item, [...at, String(i)], [...wasAt, String(i)]))
    }
    if (!isRawMap(value)) return value
    const entries = Object.entries(value).flatMap(([key, child]): [string, unknown][] => {
      const was = [...wasAt, key]
      const name = meant.has(was.join('.')) ? meant.get(was.join('.')) : key
      if (name === undefined || (name !== key && name in value)) return []
      const is = [...at, name]
      written.set(is.join('.'), was)
      return [[name, correct(child, is, was)]]
    })
    return Object.fromEntries(entries)
  }
  const value = correct(source.value, [], [])
  const asWritten = (path: readonly PropertyKey[]): string[] => {
    for (let length = path.length; length > 0; length--) {
      const was = written.get(path.slice(0, length).map(String).join('.'))
      if (was !== undefined) return [...was, ...path.slice(length).map(String)]
    }
    return path.map(String)
  }
  return {
    value,
    place: (path) => source.place(asWritten(path)),
    keyPlace: (path) => source.keyPlace(asWritten(path)),
  }
}
