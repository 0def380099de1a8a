import { errorMessage } from '#base/errors.ts'
import { nearest } from '#base/suggest.ts'
import type { Attribute, Block, Range, Statement } from '../syntax/ast.ts'
import { type Diagnostic, DiagnosticsError, errorAt } from '../syntax/diagnostic.ts'
import type { Source } from '../syntax/source.ts'
import type { ArgType, BodySchema } from './component.ts'
import { decodeValue } from './decode-value.ts'
import { evaluate, type Scope } from './evaluate.ts'
import type { Value } from './value.ts'

/** One evaluated statement, kept so that the components API can show it. */
export type ShownStatement =
  | { readonly kind: 'attribute'; readonly name: string; readonly type: ArgType; readonly value: Value }
  | { readonly kind: 'block'; readonly name: string; readonly body: readonly ShownStatement[] }

/** Decoded arguments of a block. */
export interface DecodedBody {
  readonly args: Record<string, unknown>
  readonly shown: readonly ShownStatement[]
}

/** Where a body stands: its file, the meaning of names, and the range to blame for what is missing. */
export interface BodyPlace {
  readonly source: Source
  readonly scope: Scope
  readonly range: Range
}

/**
 * Decodes the statements of a block by its schema: defaults, attributes and blocks, then the schema's own
 * validation.
 * @throws DiagnosticsError with everything that is wrong in the block.
 */
export function decodeBody(body: readonly Statement[], schema: BodySchema, place: BodyPlace): DecodedBody {
  const decoder: Decoder = {
    schema,
    place,
    args: defaultArgs(schema),
    shown: [],
    diagnostics: [],
    seen: new Set(),
  }
  for (const statement of body) {
    try {
      if (statement.kind === 'attribute') decodeAttribute(decoder, statement)
      else decodeBlock(decoder, statement)
    } catch (thrown) {
      if (!(thrown instanceof DiagnosticsError)) throw thrown
      decoder.diagnostics.push(...thrown.diagnostics)
    }
  }
  reportMissing(decoder)
  if (decoder.diagnostics.length > 0) throw new DiagnosticsError(decoder.diagnostics)
  validate(decoder)
  return { args: decoder.args, shown: decoder.shown }
}

interface Decoder {
  readonly schema: BodySchema
  readonly place: BodyPlace
  readonly args: Record<string, unknown>
  readonly shown: ShownStatement[]
  readonly diagnostics: Diagnostic[]
  /** Names met so far. */
  readonly seen: Set<string>
}

function defaultArgs(schema: BodySchema): Record<string, unknown> {
  const args: Record<string, unknown> = {}
  for (const [name, attribute] of Object.entries(schema.attributes)) args[name] = attribute.default
  for (const [name, block] of Object.entries(schema.blocks ?? {}))
    args[name] = block.repeated ? [] : undefined
  if (schema.ordered !== undefined) args[schema.ordered.field] = []
  return args
}

function orderedBlocks(schema: BodySchema): Readonly<Record<string, BodySchema>> {
  const blocks = schema.ordered?.blocks ?? {}
  return typeof blocks === 'function' ? blocks() : blocks
}

function fail(decoder: Decoder, range: Range, message: string): never {
  const { source } = decoder.place
  throw new DiagnosticsError([errorAt({ source, start: range.start, end: range.end }, message)])
}

function hint(name: string, candidates: Iterable<string>): string {
  const near = nearest(name, candidates)
  return near === undefined ? '' : `; did you mean "${near}"?`
}

function decodeAttribute(decoder: Decoder, statement: Attribute): void {
  const { schema, place } = decoder
  const { name } = statement.name
  const attribute = Object.hasOwn(schema.attributes, name) ? schema.attributes[name] : undefined
  if (attribute === undefined) {
    if (Object.hasOwn(schema.blocks ?? {}, name) || Object.hasOwn(orderedBlocks(schema), name)) {
      fail(decoder, statement, `"${name}" must be a block, but is used as an attribute`)
    }
    const near = hint(name, Object.keys(schema.attributes))
    fail(decoder, statement.name, `unrecognized attribute name "${name}"${near}`)
  }
  if (decoder.seen.has(name)) fail(decoder, statement, `attribute "${name}" may only be provided once`)
  decoder.seen.add(name)
  const value = evaluate(place.source, statement.value, place.scope)
  const origin = { source: place.source, expression: statement.value, path: '' }
  decoder.args[name] = decodeValue(value, attribute.type, origin)
  decoder.shown.push({ kind: 'attribute', name, type: attribute.type, value })
}

function decodeBlock(decoder: Decoder, statement: Block): void {
  const { schema, place } = decoder
  const { name } = statement
  const blocks = schema.blocks ?? {}
  const ordered = orderedBlocks(schema)
  const known = Object.hasOwn(blocks, name) ? blocks[name] : undefined
  const body = known?.body ?? (Object.hasOwn(ordered, name) ? ordered[name] : undefined)
  const nameRange = { start: statement.start, end: statement.nameEnd }
  if (body === undefined) {
    if (Object.hasOwn(schema.attributes, name)) {
      fail(decoder, statement, `"${name}" must be an attribute, but is used as a block`)
    }
    const near = hint(name, [...Object.keys(blocks), ...Object.keys(ordered)])
    fail(decoder, nameRange, `unrecognized block name "${name}"${near}`)
  }
  if (statement.label !== undefined) {
    fail(decoder, statement, `block "${name}" does not support specifying labels`)
  }
  if (known !== undefined && !known.repeated && decoder.seen.has(name)) {
    fail(decoder, statement, `block "${name}" may only be specified once`)
  }
  decoder.seen.add(name)
  const inner = decodeBody(statement.body, body, { ...place, range: statement })
  decoder.shown.push({ kind: 'block', name, body: inner.shown })
  if (known === undefined && schema.ordered !== undefined) {
    const list = decoder.args[schema.ordered.field] as unknown[]
    list.push({ name, args: inner.args })
  } else if (known?.repeated) (decoder.args[name] as unknown[]).push(inner.args)
  else decoder.args[name] = inner.args
}

function reportMissing(decoder: Decoder): void {
  const { schema, place, seen, diagnostics } = decoder
  const span = { source: place.source, start: place.range.start, end: place.range.end }
  for (const [name, attribute] of Object.entries(schema.attributes)) {
    if (!attribute.required || seen.has(name)) continue
    diagnostics.push(errorAt(span, `missing required attribute "${name}"`))
  }
  for (const [name, block] of Object.entries(schema.blocks ?? {})) {
    if (!block.required || seen.has(name)) continue
    diagnostics.push(errorAt(span, `missing required block "${name}"`))
  }
}

function validate(decoder: Decoder): void {
  const { schema, args, place } = decoder
  if (schema.validate === undefined) return
  try {
    schema.validate(args)
  } catch (thrown) {
    const message = `Failed to build component: decoding configuration: ${errorMessage(thrown)}`
    fail(decoder, place.range, message)
  }
}
