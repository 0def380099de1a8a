import { setTimeout as sleep } from 'node:timers/promises'
import { getJson } from '#cli/query-client.ts'
import { pages, resultOf } from '#cli/query-pages.ts'
import { type LineCounts, makeLineCounts } from './line-counts.ts'
import { LONG_BYTES, lineName } from './noisy-containers.ts'

/** What the store has of the containers in a span of time. */
export interface StoredLines {
  readonly counts: LineCounts
  /** Lines that no container can have written. */
  readonly foreign: readonly string[]
  /** Long lines that are not as long as they were written: key and number of each. */
  readonly cut: readonly { readonly key: string; readonly number: number }[]
}

/** A span of time, in milliseconds since the epoch. */
export interface Span {
  readonly fromMs: number
  readonly toMs: number
}

/** So much time is asked for at once: a few pages, each answered in moments. */
const WINDOW_MS = 60_000
const PAGE_LINES = 5000
/** The name in front of a line fits; a gigabyte of long lines need not be moved to count them. */
const NAME_CHARS = 64
const RETRY_MS = 1000

/**
 * Reads the names of all lines that `selector` finds, window by window. A window that cannot be read, as the
 * server may be away, is tried again until `deadlineMs`.
 */
export async function readStore(
  url: () => string,
  selector: string,
  { fromMs, toMs }: Span,
  deadlineMs: number,
): Promise<StoredLines> {
  const counts = makeLineCounts()
  const foreign: string[] = []
  const cut: { key: string; number: number }[] = []
  for (let at = fromMs; at < toMs; at += WINDOW_MS) {
    const window = { fromMs: at, toMs: Math.min(at + WINDOW_MS, toMs) }
    for (const { container, tsMs, line } of await readWindow(url, selector, window, deadlineMs)) {
      const name = lineName(line)
      if (name === undefined) foreign.push(`${container} at ${new Date(tsMs).toISOString()}: ${line}`)
      else {
        const key = `${container} ${name.life} ${name.stream}`
        counts.add(key, name.number)
        const isLong = container.startsWith('long')
        if (isLong && Number(/(\d+) bytes$/.exec(line)?.[1]) < LONG_BYTES)
          cut.push({ key, number: name.number })
      }
    }
  }
  return { counts, foreign, cut }
}

/** The beginning of a line, and how long it is. */
interface StoredName {
  readonly container: string
  readonly tsMs: number
  readonly line: string
}

async function readWindow(
  url: () => string,
  selector: string,
  { fromMs, toMs }: Span,
  deadlineMs: number,
): Promise<StoredName[]> {
  const query = `${selector} | line_format "{{ trunc ${NAME_CHARS} __line__ }} {{ len __line__ }} bytes"`
  const range = { fromNs: nanoseconds(fromMs), toNs: nanoseconds(toMs) }
  for (;;) {
    try {
      const lines: StoredName[] = []
      const request = { query, range, direction: 'forward' as const, limit: Infinity, batch: PAGE_LINES }
      for await (const page of pages({ addr: url() }, request)) {
        if (!('lines' in page)) throw new Error('not a log result')
        for (const { line, labels, tsNs } of page.lines) {
          lines.push({ container: labels.container ?? '', tsMs: Number(tsNs / 1_000_000n), line })
        }
      }
      return lines
    } catch (error) {
      if (Date.now() > deadlineMs) throw error
      await sleep(RETRY_MS)
    }
  }
}

/** How many lines there are; comes from counters, so it may be asked often. */
export async function countStore(url: string, selector: string, { fromMs, toMs }: Span): Promise<number> {
  const seconds = Math.ceil((toMs - fromMs) / 1000)
  const query = `sum(count_over_time(${selector}[${seconds}s]))`
  const answer = await getJson({ addr: url }, '/loki/api/v1/query', { query, time: String(toMs / 1000) })
  const [first] = resultOf(answer).result as { value: [number, string] }[]
  return Number(first?.value[1] ?? 0)
}

function nanoseconds(ms: number): bigint {
  return BigInt(Math.floor(ms)) * 1_000_000n
}
