/** What the server says a query cost. */
export interface QueryStats {
  /** Time in the server, ms. */
  readonly execMs: number
  readonly lines: number
  readonly bytes: number
  /** Chunks or blocks that were opened, and that the index pointed at; 0 where the server does not say. */
  readonly chunksRead: number
  readonly chunksFound: number
}

type Loose = { readonly [key: string]: Loose | undefined } | undefined

/** Reads Loki's `stats` object; everything it lacks is 0. */
export function summarize(stats: unknown): QueryStats {
  const root = stats as Loose
  const number = (value: unknown) => (typeof value === 'number' && Number.isFinite(value) ? value : 0)
  const both = (key: string) => number(root?.querier?.store?.[key]) + number(root?.ingester?.store?.[key])
  return {
    execMs: number(root?.summary?.execTime) * 1000,
    lines: number(root?.summary?.totalLinesProcessed),
    bytes: number(root?.summary?.totalBytesProcessed),
    chunksRead: both('totalChunksDownloaded'),
    chunksFound: both('totalChunksRef'),
  }
}
