import type { LogRow } from '../rows/row.ts'
import { toRows } from './entries.ts'

/** What keeps labels, structured metadata and parsed labels apart, as queries have them. */
const FLAG = 'categorize-labels'

/** What to follow. */
export interface TailOptions {
  readonly query: string
  readonly startNs: string
  /** How many of the newest lines since the start come first. */
  readonly limit: number
}

/** Some lines, oldest first, and how many were left out because this page could not take them in time. */
export interface TailChunk {
  readonly rows: readonly LogRow[]
  readonly dropped: number
}

/** How a tail has ended: it never began, or is of no use here; or it broke off and can be begun again. */
export type TailEnd = 'unusable' | 'broken'

/** A tail that ends sooner than this was refused (too many tails, a query that cannot be followed), ms. */
const REFUSED_WITHIN_MS = 5_000
/** The close code of a server that goes away: it may come back. */
const GOING_AWAY = 1001

interface TailBody {
  readonly streams: readonly unknown[]
  readonly dropped_entries?: readonly unknown[] | null
  readonly encodingFlags?: readonly string[]
}

/** Follows a query over Loki's WebSocket until `signal` or the server ends it. Never rejects. */
export function followTail(
  options: TailOptions,
  onChunk: (chunk: TailChunk) => void,
  signal: AbortSignal,
): Promise<TailEnd> {
  return new Promise((resolve) => {
    const socket = new WebSocket(tailAddress(options))
    let openedMs = 0
    let isUsable = true
    const leave = () => socket.close()
    signal.addEventListener('abort', leave)
    socket.onopen = () => {
      openedMs = performance.now()
    }
    socket.onmessage = ({ data }) => {
      const chunk = parseFrame(String(data))
      if (chunk !== null) return onChunk(chunk)
      isUsable = false
      socket.close()
    }
    socket.onclose = ({ code }) => {
      signal.removeEventListener('abort', leave)
      const isRefused = openedMs === 0 || performance.now() - openedMs < REFUSED_WITHIN_MS
      resolve(isUsable && (code === GOING_AWAY || !isRefused) ? 'broken' : 'unusable')
    }
  })
}

function tailAddress({ query, startNs, limit }: TailOptions): URL {
  const url = new URL('loki/api/v1/tail', document.baseURI)
  url.protocol = url.protocol.replace('http', 'ws')
  url.search = String(
    new URLSearchParams({ query, start: startNs, limit: String(limit), encoding_flags: FLAG }),
  )
  return url
}

/** Reads a frame; null where it is none, or its labels are not kept apart (Loki itself). */
export function parseFrame(text: string): TailChunk | null {
  let body: TailBody
  try {
    body = JSON.parse(text) as TailBody
  } catch {
    return null
  }
  if (!Array.isArray(body.streams) || body.encodingFlags?.includes(FLAG) !== true) return null
  const rows = toRows({ resultType: 'streams', result: body.streams }, 'forward')
  return { rows, dropped: body.dropped_entries?.length ?? 0 }
}
