import type { IncomingMessage } from 'node:http'
import { parsePrometheusDuration } from '#base/duration.ts'
import { errorMessage } from '#base/errors.ts'
import { parseSize } from '#base/size.ts'
import type { Limits } from '#config/schema/limits.ts'
import { BadParam } from '../http/params.ts'

const HEADER = 'x-loki-query-limits'

/**
 * Fields of the header that hold a limit where the smaller value is the stricter, and how they are read.
 */
const SMALLER = {
  maxQueryLength: ['max_query_length', parsePrometheusDuration],
  maxQueryInterval: ['max_query_range', parsePrometheusDuration],
  maxQueryLookback: ['max_query_lookback', parsePrometheusDuration],
  maxQueryTime: ['query_timeout', parsePrometheusDuration],
  maxEntriesLimitPerQuery: ['max_entries_limit_per_query', Number],
  maxQueryBytesRead: ['max_query_bytes_read', parseSize],
} as const

/**
 * The limits of a tenant with those of `X-Loki-Query-Limits` (a JSON object), which can only make them
 * stricter. The same object where the header is absent.
 * @throws BadParam for a header that is no such object
 */
export function withRequestLimits(limits: Limits, { headers }: Pick<IncomingMessage, 'headers'>): Limits {
  const header = headers[HEADER]
  if (header === undefined || header === '') return limits
  const asked = readHeader(String(header))
  const stricter: Record<string, unknown> = {}
  for (const [field, [key, parse]] of Object.entries(SMALLER)) {
    const value = asked[field]
    if (value === undefined || value === '') continue
    const limit = readLimit(field, value, parse)
    if (limit > 0 && (limits[key] === 0 || limit < limits[key])) stricter[key] = limit
  }
  const { requiredLabels: labels, minimumLabelsNumber: minimum } = asked
  if (Array.isArray(labels)) {
    stricter.required_labels = [...new Set([...limits.required_labels, ...labels.map(String)])]
  }
  if (typeof minimum === 'number') {
    stricter.minimum_labels_number = Math.max(limits.minimum_labels_number, minimum)
  }
  return { ...limits, ...stricter }
}

function readHeader(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return value as Record<string, unknown>
    }
  } catch (error) {
    throw new BadParam(`failed to parse the header X-Loki-Query-Limits: ${errorMessage(error)}`)
  }
  throw new BadParam('the header X-Loki-Query-Limits is not a JSON object')
}

function readLimit(field: string, value: unknown, parse: (text: string) => number): number {
  try {
    const limit = parse(String(value))
    if (Number.isFinite(limit)) return limit
  } catch (error) {
    throw new BadParam(`${field} in the header X-Loki-Query-Limits: ${errorMessage(error)}`)
  }
  throw new BadParam(`${field} in the header X-Loki-Query-Limits is not a number`)
}
