import type { Hints } from './hints.ts'
import { JSON_ARRAY, JSON_NULL, JSON_OBJECT, type JsonValue, walkObject } from './json-scan.ts'
import { valueText } from './json-value.ts'
import { FieldKeys } from './names.ts'
import type { Row } from './row.ts'

/** Objects deeper than this are not probed. */
const MAX_DEPTH = 20

/**
 * Looks, before a line is parsed in full, at just the fields that later filters test. Returns a function that
 * tells whether the parser would drop the line; `undefined` where there is nothing to probe for.
 */
export function compileJsonProbe(row: Row, hints: Hints): (() => boolean) | undefined {
  const { tested } = hints
  if (tested.size === 0 || hints.narrow) return undefined
  const { names } = row
  const testedNames = [...tested.keys()].map((id) => names.names[id])
  const keys = new FieldKeys('', (name) =>
    testedNames.some((wanted) => wanted === name || wanted === `${name}_extracted`) ? names.intern(name) : -1,
  )
  const seen: number[] = []
  let rejected = false
  let over = false

  const visit = (nameId: number, value: JsonValue): void => {
    const { labels } = row
    const id = labels.collides(nameId) ? names.extractedOf(nameId) : nameId
    const test = tested.get(id)
    if (test === undefined || seen.includes(id) || labels.wasExtracted(id)) return
    seen.push(id)
    if (!test(valueText(row, value))) rejected = true
    over = rejected || seen.length === tested.size
  }
  const walk = (into: FieldKeys, from: number, to: number, depth: number): void => {
    const error = walkObject(row.bytes, from, to, (keyFrom, keyTo, keyEscaped, value) => {
      // A key in disguise could be the first of its name: then only the parser can tell.
      if (keyEscaped) over = true
      else if (value.type !== JSON_NULL && value.type !== JSON_ARRAY) {
        const key = into.find(row.bytes, keyFrom, keyTo)
        if (value.type !== JSON_OBJECT) {
          if (key.id !== -1) visit(key.id, value)
        } else if (depth >= MAX_DEPTH) over = true
        else if (key.name === '' || testedNames.some((name) => name.startsWith(`${key.name}_`))) {
          const { from: innerFrom, to: innerTo } = value
          walk(into.inside(key), innerFrom, innerTo, depth + 1)
        }
      }
      return over
    })
    if (error !== undefined) over = true
  }
  return () => {
    seen.length = 0
    rejected = false
    over = false
    row.needBytes()
    walk(keys, row.from, row.to, 0)
    return rejected
  }
}
