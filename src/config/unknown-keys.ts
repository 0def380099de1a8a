import type { z } from 'zod'
import { nearest } from '#base/suggest.ts'
import { legacyAdvice } from './legacy-keys.ts'
import type { ConfigProblem } from './problem.ts'
import { schemaNode } from './schema-walk.ts'
import { isRawMap } from './tree.ts'
import type { YamlSource } from './yaml-source.ts'

/** What the keys of a file revealed. */
export interface KeyFindings {
  /** Keys no table knows: Loki does not start with these. */
  readonly errors: ConfigProblem[]
  /**
   * Keys that are taken without effect although their writer meant something: unknown limits, keys of older
   * versions.
   */
  readonly warnings: ConfigProblem[]
  /** Sections that one process does not need. */
  readonly notes: ConfigProblem[]
}

/** Compares every key of the text with the tables of `schema`. */
export function checkKeys(source: YamlSource, schema: z.ZodType, path: readonly string[] = []): KeyFindings {
  const findings: KeyFindings = { errors: [], warnings: [], notes: [] }
  walk(source, schema, path, valueAt(source.value, path), findings)
  return findings
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((at, key) => (isRawMap(at) ? at[key] : undefined), value)
}

function walk(
  source: YamlSource,
  schema: z.ZodType,
  path: readonly string[],
  value: unknown,
  findings: KeyFindings,
): void {
  const { shape, item, meta } = schemaNode(schema)
  if (meta.ignored !== undefined && isRawMap(value)) {
    const message = `\`${path.join('.')}\` has no effect: ${meta.ignored}`
    findings.notes.push({ message, path: path.join('.'), ...source.keyPlace(path) })
  }
  if (item !== undefined && typeof value === 'object' && value !== null) {
    for (const [key, child] of Object.entries(value)) walk(source, item, [...path, key], child, findings)
  }
  if (shape === undefined || !isRawMap(value)) return
  for (const [key, child] of Object.entries(value)) {
    const childPath = [...path, key]
    const known = shape[key]
    if (known !== undefined && legacyAdvice(childPath.join('.')) === undefined) {
      walk(source, known, childPath, child, findings)
    } else if (known === undefined && meta.tolerate?.test(key) === true) {
      tolerated(source, childPath, child, findings)
    } else {
      unknownKey(source, childPath, meta, Object.keys(shape), findings)
    }
  }
}

/** Below a key that is taken unseen, only keys known to be of an older version are looked for. */
function tolerated(source: YamlSource, path: readonly string[], value: unknown, findings: KeyFindings): void {
  if (!isRawMap(value)) return
  for (const [key, child] of Object.entries(value)) {
    const childPath = [...path, key]
    if (legacyAdvice(childPath.join('.')) === undefined) tolerated(source, childPath, child, findings)
    else unknownKey(source, childPath, {}, [], findings)
  }
}

function unknownKey(
  source: YamlSource,
  path: readonly string[],
  meta: { readonly goType?: string; readonly lenient?: boolean },
  known: readonly string[],
  findings: KeyFindings,
): void {
  const dotted = path.join('.')
  const key = path[path.length - 1]
  const place = source.keyPlace(path)
  const advice = legacyAdvice(dotted)
  if (advice !== undefined) {
    findings.warnings.push({
      message: `\`${dotted}\` is a key of an older Loki: ${advice}`,
      path: dotted,
      ...place,
    })
    return
  }
  const near = nearest(key, known)
  const hint = near === undefined ? '' : ` Did you mean \`${near}\`?`
  if (meta.lenient === true) {
    const message = `\`${dotted}\` is not a setting and is ignored.${hint}`
    findings.warnings.push({ message, path: dotted, ...place })
    return
  }
  const message = `line ${place?.line ?? '?'}: field ${key} not found in type ${meta.goType}.${hint}`
  findings.errors.push({
    message,
    path: dotted,
    ...place,
    ...(near === undefined ? {} : { suggestion: near }),
  })
}
