import { labelsText } from '#base/labels.ts'
import { printRfc3339Nano } from '#base/rfc3339.ts'
import { queryRange } from '#logql/engine/engine.ts'
import type { ResultStream } from '#logql/engine/types.ts'
import { parseExpr } from '#logql/syntax/parser.ts'
import { checkOrder, readBounds, readDirection, readLimit } from '../http/params.ts'
import { firstParam } from '../http/query-string.ts'
import { NO_STATS, statsJson } from '../json/stats.ts'
import { lineJson } from '../json/text.ts'
import { checkBytesRead } from '../query/check-bytes.ts'
import { checkExpr, checkLength, clampToLookback } from '../query/check-limits.ts'
import { engineLimits } from '../query/engine-limits.ts'
import { logRange } from '../query/log-range.ts'
import { QueryError } from '../query/query-error.ts'
import { readQueryTags } from '../query/request.ts'
import type { QueryCall } from '../query/run-query.ts'

/** `GET|POST /api/prom/query`: log queries alone; `regexp` is one more filter behind the query. */
export async function serveLegacyQuery(call: QueryCall): Promise<Iterable<string>> {
  const { params, limits, nowMs, store, tenant, signal, shortcuts } = call
  const bounds = readBounds(params, nowMs)
  checkOrder(bounds)
  const asked = readLimit(params)
  const direction = readDirection(params)
  const regexp = firstParam(params, 'regexp')
  const filter = regexp === '' ? '' : ` |~ ${JSON.stringify(regexp)}`
  const query = firstParam(params, 'query') + filter
  if (parseExpr(firstParam(params, 'query')).kind !== 'log') {
    throw new QueryError('legacy endpoints only support streams result type')
  }
  const expr = parseExpr(query)
  checkExpr(expr, query, limits, readQueryTags(call.request))
  const clamped = clampToLookback(bounds, limits, nowMs)
  if (clamped === undefined) return legacyJson([], statsJson(NO_STATS))
  checkLength(clamped, limits)
  const { start, end } = clamped
  await checkBytesRead(call, expr, start.ms, end.ms)
  const most = limits.max_entries_limit_per_query
  const range = logRange(query, clamped, {
    limit: most > 0 ? Math.min(asked, most) : asked,
    direction,
    shortcuts,
  })
  const result = await queryRange(store, tenant, range, engineLimits(limits), signal)
  return legacyJson(result.type === 'streams' ? result.streams : [], statsJson(result.stats))
}

function* legacyJson(streams: readonly ResultStream[], stats: string): Generator<string> {
  yield '{"streams":['
  for (const [i, { labels, entries }] of streams.entries()) {
    const own = entries.map(
      ({ tsMs, tsNs, line }) =>
        `{"ts":"${printRfc3339Nano({ ms: tsMs, ns: tsNs }, 'UTC')}","line":${lineJson(line)}}`,
    )
    yield `${i === 0 ? '' : ','}{"labels":${JSON.stringify(labelsText(labels))},"entries":[${own.join(',')}]}`
  }
  yield `],"stats":${stats}}\n`
}
