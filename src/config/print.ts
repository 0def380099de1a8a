import { isDeepStrictEqual } from 'node:util'
import { stringify } from 'yaml'
import type { z } from 'zod'
import { printGoDuration, printPrometheusDuration } from '#base/duration.ts'
import { printSize } from '#base/size.ts'
import type { FieldKind } from './fields.ts'
import { type LokiConfig, rootSchema } from './schema/root.ts'
import { schemaNode } from './schema-walk.ts'
import { isRawMap, type RawMap } from './tree.ts'

/** A configuration in Loki's own writing, as `/config` shows it. Secrets are starred out. */
export function printConfig(config: LokiConfig): string {
  return stringify(printable(rootSchema, config), { lineWidth: 0, aliasDuplicateObjects: false })
}

/** The settings in which a configuration differs from another, in the same writing. */
export function printDifference(config: LokiConfig, from: LokiConfig): string {
  const rest = difference(printable(rootSchema, config), printable(rootSchema, from))
  return stringify(rest ?? {}, { lineWidth: 0, aliasDuplicateObjects: false })
}

function difference(value: unknown, from: unknown): unknown {
  if (!isRawMap(value) || !isRawMap(from)) return isDeepStrictEqual(value, from) ? undefined : value
  const entries = Object.entries(value)
    .map(([key, child]) => [key, difference(child, from[key])] as const)
    .filter(([, child]) => child !== undefined)
  return entries.length === 0 ? undefined : Object.fromEntries(entries)
}

/** A value as one would write it in the YAML: durations and sizes as text, everything else as it is. */
export function printable(schema: z.ZodType, value: unknown): unknown {
  const { shape, item, meta } = schemaNode(schema)
  if (shape !== undefined && isRawMap(value)) {
    const out: RawMap = {}
    for (const [key, child] of Object.entries(shape)) {
      if (value[key] === undefined) continue
      out[key] = isSecret(key) && value[key] !== '' ? '********' : printable(child, value[key])
    }
    return out
  }
  if (item !== undefined && Array.isArray(value)) return value.map((one) => printable(item, one))
  if (item !== undefined && isRawMap(value)) {
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, printable(item, one)]))
  }
  return printScalar(meta.kind, value)
}

function printScalar(kind: FieldKind | undefined, value: unknown): unknown {
  if (typeof value !== 'number') {
    if (kind === 'csv' && Array.isArray(value)) return value.join(',')
    return kind === 'any' ? starred(value) : value
  }
  switch (kind) {
    case 'goDuration':
      return printGoDuration(value)
    case 'promDuration':
      return printPrometheusDuration(value)
    case 'size':
      return printSize(value)
    case 'time':
      return value === 0 ? '0' : new Date(value).toISOString().replace('.000Z', 'Z')
    default:
      return value
  }
}

function isSecret(key: string): boolean {
  return /password|secret|credentials$|^key$|token$|_hash$/.test(key)
}

function starred(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(starred)
  if (!isRawMap(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [
      key,
      isSecret(key) && typeof one === 'string' ? '********' : starred(one),
    ]),
  )
}
