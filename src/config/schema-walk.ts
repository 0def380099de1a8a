import { z } from 'zod'
import type { FieldMeta, SectionMeta } from './fields.ts'

/** What the tables say about one key: its own schema and what was written down about it. */
export interface SchemaNode {
  /** The keys below it, for a section. */
  readonly shape: Readonly<Record<string, z.ZodType>> | undefined
  /** The schema of the items of a list or of the values of a free mapping. */
  readonly item: z.ZodType | undefined
  readonly meta: Partial<FieldMeta & SectionMeta>
}

/** Looks through zod's wrappers at what a schema describes. */
export function schemaNode(schema: z.ZodType): SchemaNode {
  const meta = (schema.meta() ?? {}) as Partial<FieldMeta & SectionMeta>
  let inner: unknown = schema
  while (inner instanceof z.ZodPrefault || inner instanceof z.ZodDefault) inner = inner.unwrap()
  if (inner instanceof z.ZodObject)
    return { shape: inner.shape as Record<string, z.ZodType>, item: undefined, meta }
  if (inner instanceof z.ZodArray) return { shape: undefined, item: inner.element as z.ZodType, meta }
  if (inner instanceof z.ZodRecord) return { shape: undefined, item: inner.valueType as z.ZodType, meta }
  return { shape: undefined, item: undefined, meta }
}

/** Visits every key with a value of its own (not sections), depth first in the order of the tables. */
export function eachField(
  schema: z.ZodType,
  visit: (path: readonly string[], meta: FieldMeta) => void,
  path: readonly string[] = [],
): void {
  const { shape, meta } = schemaNode(schema)
  if (shape === undefined) {
    visit(path, meta as FieldMeta)
    return
  }
  for (const [key, child] of Object.entries(shape)) eachField(child, visit, [...path, key])
}
