import { setTimeout as sleep } from 'node:timers/promises'

/** One line as the API returns it: `<nanoseconds> <line>`, a form in which lines can be compared and counted. */
export type TimedLine = string

/** A stream of a `query_range` answer. */
interface StreamResult {
  readonly stream: Record<string, string>
  readonly values: readonly (readonly [ns: string, line: string])[]
}

/** Lines of one window are fetched at once; each must hold fewer than the limit. */
const WINDOW_MS = 20_000
const LIMIT = 5000

/** Asks a Loki-compatible API; throws with its text when it does not answer 200. */
export async function lokiGet<T>(
  base: string,
  path: string,
  parameters: Record<string, string> = {},
): Promise<T> {
  const url = `${base}/loki/api/v1/${path}?${new URLSearchParams(parameters)}`
  const response = await fetch(url, { signal: AbortSignal.timeout(30_000) })
  const text = await response.text()
  if (!response.ok) throw new Error(`${response.status} from ${url}: ${text}`)
  return (JSON.parse(text) as { data: T }).data
}

/** The values of a label within the last hour. */
export async function labelValues(base: string, name: string): Promise<string[]> {
  return (await lokiGet<string[] | undefined>(base, `label/${name}/values`)) ?? []
}

/** The streams that a log query finds in [fromMs, toMs), newest lines last. */
export async function queryStreams(
  base: string,
  query: string,
  fromMs: number,
  toMs: number,
): Promise<StreamResult[]> {
  const data = await lokiGet<{ result: StreamResult[] }>(base, 'query_range', {
    query,
    start: `${fromMs}000000`,
    end: `${toMs}000000`,
    limit: String(LIMIT),
    direction: 'forward',
  })
  return data.result
}

/** Every line that a log query finds in [fromMs, toMs), doubled ones included, sorted. */
export async function queryLines(
  base: string,
  query: string,
  fromMs: number,
  toMs: number,
): Promise<TimedLine[]> {
  const lines: TimedLine[] = []
  for (let startMs = fromMs; startMs < toMs; startMs += WINDOW_MS) {
    const streams = await queryStreams(base, query, startMs, Math.min(toMs, startMs + WINDOW_MS))
    const before = lines.length
    for (const { values } of streams) for (const [ns, line] of values) lines.push(`${ns} ${line}`)
    if (lines.length - before >= LIMIT)
      throw new Error(`more than ${LIMIT} lines in ${WINDOW_MS} ms of ${query}`)
  }
  return lines.sort()
}

/** Waits until `/ready` answers 200. */
export async function waitReady(base: string, timeoutMs = 60_000): Promise<void> {
  const deadline = Date.now() + timeoutMs
  for (;;) {
    const ready = await fetch(`${base}/ready`, { signal: AbortSignal.timeout(5000) })
      .then((response) => response.ok)
      .catch(() => false)
    if (ready) return
    if (Date.now() > deadline) throw new Error(`${base} was not ready within ${timeoutMs} ms`)
    await sleep(200)
  }
}
