import { queryRange } from '#logql/engine/engine.ts'
import { parseExpr, parseSelector } from '#logql/syntax/parser.ts'
import { BadParam, checkOrder, parseAtoi, readBounds } from '../http/params.ts'
import { firstParam, type Params } from '../http/query-string.ts'
import { checkExpr, checkLength, checkSelectorLimits, clampToLookback } from '../query/check-limits.ts'
import { type DetectedField, detectFields } from '../query/detect-fields.ts'
import { engineLimits } from '../query/engine-limits.ts'
import { logRange } from '../query/log-range.ts'
import { QueryError } from '../query/query-error.ts'
import { readQueryTags } from '../query/request.ts'
import type { QueryCall } from '../query/run-query.ts'
import { isEverything, timeRange } from './labels.ts'

/**
 * `GET|POST /loki/api/v1/detected_labels`: labels worth offering to a person, with how many values each
 * has.
 */
export async function serveDetectedLabels(call: QueryCall): Promise<Iterable<string>> {
  const { params, limits, nowMs, store, tenant } = call
  const bounds = readBounds(params, nowMs)
  checkOrder(bounds)
  const text = firstParam(params, 'query')
  const matchers = text === '' || isEverything(text) ? [] : parseSelector(text)
  checkSelectorLimits(matchers, limits)
  const clamped = clampToLookback(bounds, limits, nowMs)
  if (clamped === undefined) return ['{}\n']
  checkLength(clamped, limits)
  const values = new Map<string, Set<string>>()
  for (const { labels } of await store.series(tenant, matchers, timeRange(clamped))) {
    for (const [name, value] of labels) {
      const known = values.get(name)
      if (known === undefined) values.set(name, new Set([value]))
      else known.add(value)
    }
  }
  const detectedLabels = [...values]
    .filter(([name, own]) => isTelling(name, own))
    .map(([label, own]) => ({ label, cardinality: own.size }))
  return [detectedLabels.length === 0 ? '{}\n' : `${JSON.stringify({ detectedLabels })}\n`]
}

const ALWAYS_TELLING = new Set(['cluster', 'namespace', 'instance', 'pod'])
const UUID = /^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/

/** Whether a label says something: identifiers, numbers and UUIDs, are left out. */
function isTelling(name: string, values: ReadonlySet<string>): boolean {
  if (ALWAYS_TELLING.has(name)) return true
  const all = [...values]
  if (all.length <= 2 && all.every((value) => value === '0' || value === '1')) return true
  return !all.every((value) => UUID.test(value) || /^[+-]?\d+(?:\.\d+)?$/.test(value))
}

/** `GET|POST /loki/api/v1/detected_fields`: what can be found in a sample of lines. */
export async function serveDetectedFields(call: QueryCall): Promise<Iterable<string>> {
  const limit = readFieldLimit(call.params)
  const fields = [...(await sampleFields(call, limit)).values()]
  if (fields.length === 0) return ['{}\n']
  return [`${JSON.stringify({ fields: fields.map(fieldJson), limit })}\n`]
}

/** `GET|POST /loki/api/v1/detected_field/{name}/values`: the values of one such field. */
export async function serveDetectedFieldValues(call: QueryCall, name: string): Promise<Iterable<string>> {
  const limit = readFieldLimit(call.params)
  const field = (await sampleFields(call, Number.POSITIVE_INFINITY)).get(name)
  if (field === undefined) return ['{}\n']
  return [`${JSON.stringify({ limit, values: [...field.values].slice(0, limit) })}\n`]
}

function fieldJson({ label, type, values, parsers, jsonPath }: DetectedField): unknown {
  const known = parsers.size === 0 ? null : [...parsers]
  const field = { label, type, cardinality: values.size, parsers: known }
  return jsonPath === undefined ? field : { ...field, jsonPath }
}

function readFieldLimit(params: Params): number {
  return positive(firstParam(params, 'limit') || firstParam(params, 'field_limit'), 1000)
}

function positive(text: string, fallback: number): number {
  if (text === '') return fallback
  const value = parseAtoi(text)
  if (value <= 0) throw new BadParam('limit must be a positive value')
  return value
}

async function sampleFields(call: QueryCall, fieldLimit: number): Promise<Map<string, DetectedField>> {
  const { params, limits, nowMs, store, tenant, signal } = call
  const bounds = readBounds(params, nowMs)
  checkOrder(bounds)
  const most = limits.max_entries_limit_per_query
  const asked = positive(firstParam(params, 'line_limit'), 100)
  const limit = most > 0 ? Math.min(asked, most) : asked
  const query = firstParam(params, 'query')
  const expr = parseExpr(query)
  if (expr.kind !== 'log') throw new QueryError('only log selector is supported')
  checkExpr(expr, query, limits, readQueryTags(call.request))
  const clamped = clampToLookback(bounds, limits, nowMs)
  if (clamped === undefined) return new Map()
  checkLength(clamped, limits)
  const range = logRange(query, clamped, { limit, direction: 'backward', shortcuts: call.shortcuts })
  const result = await queryRange(store, tenant, range, engineLimits(limits), signal)
  return result.type === 'streams' ? detectFields(result.streams, fieldLimit) : new Map()
}
