import { parseSelector } from '#logql/syntax/parser.ts'
import type { LabelMatcher } from '#store/types.ts'
import { BadParam, checkOrder, parseAtoi, readBounds, readStep } from '../http/params.ts'
import { firstParam, type Params } from '../http/query-string.ts'
import { NO_STATS, statsJson } from '../json/stats.ts'
import { labelsJson, sampleSeconds } from '../json/text.ts'
import { checkLength, checkSelectorLimits, clampToLookback } from '../query/check-limits.ts'
import type { NotFound, QueryCall } from '../query/run-query.ts'
import { sumVolume, type VolumeRequest, type VolumeSeries } from '../query/volume.ts'
import { isEverything, timeRange } from './labels.ts'

/** `GET|POST /loki/api/v1/index/stats`: how much a selector covers. */
export async function serveIndexStats(call: QueryCall): Promise<Iterable<string>> {
  const { params, limits, nowMs, store, tenant } = call
  const bounds = readBounds(params, nowMs)
  checkOrder(bounds)
  const matchers = parseSelector(firstParam(params, 'query'))
  checkSelectorLimits(matchers, limits)
  const clamped = clampToLookback(bounds, limits, nowMs)
  if (clamped === undefined) return ['{"streams":0,"chunks":0,"bytes":0,"entries":0}\n']
  checkLength(clamped, limits)
  const { streams, chunks, bytes, entries } = await store.indexStats(tenant, matchers, timeRange(clamped))
  return [`${JSON.stringify({ streams, chunks, bytes, entries })}\n`]
}

/** `GET|POST /loki/api/v1/index/volume`: bytes by series or label over the whole window. */
export async function serveVolume(call: QueryCall): Promise<Iterable<string> | NotFound> {
  return await volume(call, false)
}

/** `GET|POST /loki/api/v1/index/volume_range`: the same in steps. */
export async function serveVolumeRange(call: QueryCall): Promise<Iterable<string> | NotFound> {
  return await volume(call, true)
}

async function volume(call: QueryCall, ranged: boolean): Promise<Iterable<string> | NotFound> {
  const { params, limits, nowMs, store, tenant } = call
  if (!limits.volume_enabled) return { notFound: 'not found' }
  const bounds = readBounds(params, nowMs)
  checkOrder(bounds)
  const stepMs = ranged ? readStep(params, bounds) : 0
  const limit = readVolumeLimit(params)
  const by = firstParam(params, 'aggregateBy') || 'series'
  if (by !== 'series' && by !== 'labels') throw new BadParam('invalid aggregation option')
  const matchers = volumeSelector(firstParam(params, 'query'))
  checkSelectorLimits(matchers, limits)
  const clamped = clampToLookback(bounds, limits, nowMs)
  if (clamped === undefined) return volumeJson([], 0, ranged)
  checkLength(clamped, limits)
  const targets = firstParam(params, 'targetLabels')
    .split(',')
    .filter((name) => name !== '')
  const range = { fromMs: clamped.start.ms, toMs: clamped.end.ms }
  const maxSeries = limits.volume_max_series
  const request: VolumeRequest = { matchers, targets, by, range, stepMs, limit, maxSeries }
  return volumeJson(await sumVolume(store, tenant, request), range.toMs, ranged)
}

function volumeSelector(text: string): LabelMatcher[] {
  return isEverything(text) ? [] : parseSelector(text)
}

function readVolumeLimit(params: Params): number {
  const text = firstParam(params, 'limit')
  const limit = text === '' ? 100 : parseAtoi(text)
  if (limit < 0) throw new BadParam('limit must be a positive value')
  return limit === 0 ? 100 : limit
}

/** A vector where no series has more than one sample, else a matrix. */
function* volumeJson(series: readonly VolumeSeries[], endMs: number, ranged: boolean): Generator<string> {
  const matrix = ranged && series.some(({ bytes }) => bytes.size > 1)
  const results = series.map(({ labels, bytes }) => {
    const samples = [...bytes]
      .sort(([a], [b]) => a - b)
      .map(([ms, amount]) => `[${sampleSeconds(ranged ? ms : endMs)},"${Math.round(amount)}"]`)
    const values = matrix ? `"values":[${samples.join(',')}]` : `"value":${samples[0]}`
    return `{"metric":${labelsJson(labels)},${values}}`
  })
  const type = matrix ? 'matrix' : 'vector'
  const stats = statsJson(NO_STATS)
  const result = results.join(',')
  yield `{"status":"success","data":{"resultType":"${type}","result":[${result}],"stats":${stats}}}`
}
