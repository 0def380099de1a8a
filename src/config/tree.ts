/** A mapping as YAML gives it. */
export type RawMap = Record<string, unknown>

/** Whether a value is a mapping. */
export function isRawMap(value: unknown): value is RawMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The value at a path, or `undefined`. */
export function getAt(tree: unknown, path: readonly (string | number)[]): unknown {
  let at = tree
  for (const key of path) {
    if (typeof at !== 'object' || at === null) return undefined
    at = (at as RawMap)[key]
  }
  return at
}

/** Sets the value at a path, making the mappings on the way. */
export function setAt(tree: RawMap, path: readonly string[], value: unknown): void {
  let at = tree
  for (const key of path.slice(0, -1)) {
    const next = at[key]
    if (isRawMap(next)) {
      at = next
    } else {
      const made: RawMap = {}
      at[key] = made
      at = made
    }
  }
  at[path[path.length - 1]] = value
}

/** Without nulls: in Go's decoder a key without value leaves the default. */
export function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.filter((item) => item !== null).map(withoutNulls)
  if (!isRawMap(value)) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== null && item !== undefined)
      .map(([key, item]) => [key, withoutNulls(item)]),
  )
}
