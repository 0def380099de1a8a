import { z } from 'zod'
import type { FieldKind } from './fields.ts'
import { whyNoEffect } from './no-effect.ts'
import { printable } from './print.ts'
import { rootSchema } from './schema/root.ts'
import { schemaNode } from './schema-walk.ts'

/** A JSON Schema (draft 2020-12), as far as it is written here. */
export type JsonSchema = Readonly<Record<string, unknown>>

/**
 * The JSON Schema of loki.yaml as this server reads it, for editors: completion, descriptions with default
 * and flag, and marks at unknown keys and wrong values. Made from the tables that parse the file.
 */
export function lokiJsonSchema(): JsonSchema {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'loki.yaml of Logboom',
    ...describe(rootSchema, []),
    $defs: TYPES,
  }
}

function describe(schema: z.ZodType, path: readonly string[]): JsonSchema {
  const { shape, item, meta } = schemaNode(schema)
  if (shape !== undefined) {
    const properties = Object.entries(shape).map(([key, child]) => [key, describe(child, [...path, key])])
    const tolerated = meta.tolerate === undefined ? {} : { patternProperties: { [meta.tolerate.source]: {} } }
    return {
      type: ['object', 'null'],
      ...noted(path),
      properties: Object.fromEntries(properties),
      ...tolerated,
      // Unknown limits are ignored, everywhere else an unknown key keeps the server from starting.
      additionalProperties: meta.lenient === true,
    }
  }
  if (item !== undefined) {
    const of = describe(item, [...path, '*'])
    return isList(schema)
      ? { type: ['array', 'null'], items: of }
      : { type: ['object', 'null'], additionalProperties: of }
  }
  const { kind = 'any', initial, flag, ignored } = meta
  const written = printable(schema, initial)
  const hasDefault = written !== undefined && written !== '' && kind !== 'any'
  const about = [
    ignored === undefined ? undefined : `No effect: ${ignored}.`,
    UNITS[kind],
    flag === undefined ? undefined : `Flag: -${flag}.`,
  ]
  return { $ref: `#/$defs/${kind}`, ...noted(path, about), ...(hasDefault ? { default: written } : {}) }
}

function noted(path: readonly string[], about: readonly (string | undefined)[] = []): JsonSchema {
  const why = whyNoEffect(path.join('.'))
  const texts = [...about, why === undefined ? undefined : `No effect: ${why}.`].filter((text) => text)
  return texts.length === 0 ? {} : { description: texts.join(' ') }
}

function isList(schema: z.ZodType): boolean {
  let inner: unknown = schema
  while (inner instanceof z.ZodPrefault || inner instanceof z.ZodDefault) inner = inner.unwrap()
  return inner instanceof z.ZodArray
}

const UNITS: Readonly<Partial<Record<FieldKind, string>>> = {
  goDuration: 'A Go duration: 90s, 1h30m; no days.',
  promDuration: 'A Prometheus duration: 744h, 31d, 1w.',
  size: 'Bytes: 1048576, 256KB, 3MB; 1 KB is 1024.',
  time: 'A moment: 2030-01-01T00:00:00Z, 2030-01-01, or 0.',
  csv: 'A list as one text, separated by commas.',
}

/** What each kind may be. Texts may hold `${VAR}`, which `-config.expand-env` replaces. */
const TYPES: Readonly<Record<FieldKind, JsonSchema>> = {
  string: { type: ['string', 'number', 'boolean', 'null'] },
  bool: orVariable({ type: ['boolean', 'null'] }, '^(?:[Yy]es|[Nn]o|[Oo]n|[Oo]ff|[YyNn])$'),
  int: orVariable({ type: ['integer', 'null'] }),
  float: orVariable({ type: ['number', 'null'] }),
  size: orVariable({ type: ['integer', 'null'] }, '^\\d+(?:\\.0+)? ?[KMGTPEkmgtpe]?[Bb]?$'),
  goDuration: orVariable({ enum: [0, null] }, '^-?(?:0|(?:\\d+(?:\\.\\d*)?(?:h|ms|m|s|us|µs|ns))+)$'),
  promDuration: orVariable({ enum: [0, null] }, '^(?:0|(?:\\d+(?:y|w|d|h|ms|m|s))+)$'),
  time: orVariable({ enum: [0, null] }, '^(?:0|\\d{4}-\\d\\d-\\d\\d(?:T[\\d:.]+(?:Z|[+-]\\d\\d:\\d\\d)?)?)$'),
  csv: { type: ['string', 'number', 'boolean', 'null'] },
  strings: { type: ['array', 'string', 'null'], items: { type: ['string', 'number', 'boolean'] } },
  any: {},
}

function orVariable(schema: JsonSchema, pattern?: string): JsonSchema {
  const texts = [...(pattern === undefined ? [] : [pattern]), '\\$\\{']
  return { anyOf: [schema, ...texts.map((one) => ({ type: 'string', pattern: one }))] }
}
