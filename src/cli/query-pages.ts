import { OperatorError } from '#base/errors.ts'
import { labelsText, makeLabels } from '#base/labels.ts'
import { type ClientOptions, getJson } from './query-client.ts'
import type { NsRange } from './query-time.ts'

/** A line of a log result. `labels` are the stream's, with what parsers and structured metadata added. */
export interface Line {
  readonly tsNs: bigint
  readonly line: string
  readonly labels: Readonly<Record<string, string>>
  /** The canonical text of `labels`. */
  readonly key: string
}

/** What to page through. */
export interface PageRequest {
  readonly query: string
  readonly range: NsRange
  readonly direction: 'forward' | 'backward'
  /** Lines wanted in all; `Infinity` for everything. */
  readonly limit: number
  /** Lines asked of the server at a time. */
  readonly batch: number
  /** Seconds between points of a metric query. */
  readonly stepSeconds?: number
  /** Called with the URL of each request. */
  readonly onRequest?: (parameters: Readonly<Record<string, string | undefined>>) => void
}

/** A page: lines in the direction of the request, or the whole result of a metric query. */
export type Page = { readonly lines: readonly Line[] } | { readonly metric: unknown }

/**
 * Runs `query_range`, page after page, until the range or the limit is used up.
 *
 * A page ends at some moment T, and more lines of that same moment may be left. So the next page begins with
 * T again, and those of T that were already given out are counted off by labels and text; a page that they
 * would fill is asked for larger. Nothing is lost or repeated, however many lines share a timestamp.
 */
export async function* pages(
  client: ClientOptions,
  request: PageRequest,
  signal?: AbortSignal,
): AsyncGenerator<Page> {
  let { fromNs, toNs } = request.range
  let left = request.limit
  let edge: { readonly tsNs: bigint; readonly given: readonly Line[] } | undefined
  while (left > 0 && fromNs < toNs) {
    const given = edge?.given.length ?? 0
    const limit = Math.min(left + given, Math.max(request.batch, 2 * given))
    const parameters = {
      query: request.query,
      start: String(fromNs),
      end: String(toNs),
      limit: String(limit),
      direction: request.direction,
      step: request.stepSeconds === undefined ? undefined : String(request.stepSeconds),
    }
    request.onRequest?.(parameters)
    const answer = await getJson(client, '/loki/api/v1/query_range', parameters, signal)
    const result = resultOf(answer)
    if (result.resultType !== 'streams') {
      yield { metric: result.result }
      return
    }
    const all = linesOf(result.result, request.direction)
    const fresh = edge === undefined ? all : without(all, edge.given)
    const lines = fresh.slice(0, left)
    if (lines.length > 0) yield { lines }
    left -= lines.length
    // Fewer than asked for: the server has no more.
    if (all.length < limit || lines.length === 0) return
    const last = lines[lines.length - 1].tsNs
    const before = edge?.tsNs === last ? edge.given : []
    edge = { tsNs: last, given: [...before, ...lines.filter(({ tsNs }) => tsNs === last)] }
    if (request.direction === 'forward') fromNs = last
    else toNs = last + 1n
  }
}

/** The `data` of a successful answer. */
export function resultOf(answer: unknown): { resultType: string; result: unknown } {
  const data = (answer as { data?: { resultType?: unknown; result?: unknown } } | null)?.data
  if (typeof data?.resultType !== 'string') {
    throw new OperatorError('client_answer', 'the server answered without data; is it a Loki?')
  }
  return { resultType: data.resultType, result: data.result }
}

function linesOf(result: unknown, direction: 'forward' | 'backward'): Line[] {
  const lines: Line[] = []
  for (const { stream, values } of result as {
    stream: Record<string, string>
    values: [string, string][]
  }[]) {
    const key = labelsText(makeLabels(stream))
    for (const [ts, line] of values) lines.push({ tsNs: BigInt(ts), line, labels: stream, key })
  }
  const sign = direction === 'forward' ? 1 : -1
  return lines.sort((a, b) => (a.tsNs < b.tsNs ? -sign : a.tsNs > b.tsNs ? sign : 0))
}

/** `lines` without one occurrence of each of `given`. */
export function without(lines: readonly Line[], given: readonly Line[]): Line[] {
  const counts = new Map<string, number>()
  for (const line of given) counts.set(identity(line), (counts.get(identity(line)) ?? 0) + 1)
  return lines.filter((line) => {
    const count = counts.get(identity(line)) ?? 0
    if (count > 0) counts.set(identity(line), count - 1)
    return count === 0
  })
}

function identity({ tsNs, key, line }: Line): string {
  return `${tsNs}\n${key}\n${line}`
}
