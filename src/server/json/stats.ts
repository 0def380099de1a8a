import type { QueryStats } from '#logql/engine/types.ts'

const CACHES = [
  'chunk',
  'index',
  'result',
  'statsResult',
  'volumeResult',
  'seriesResult',
  'labelResult',
  'instantMetricResult',
  'logResult',
  'taskResult',
]

const CACHE = {
  entriesFound: 0,
  entriesRequested: 0,
  entriesStored: 0,
  bytesReceived: 0,
  bytesSent: 0,
  requests: 0,
  downloadTime: 0,
  queryLengthServed: 0,
}

const DATAOBJ = {
  prePredicateDecompressedRows: 0,
  prePredicateDecompressedBytes: 0,
  prePredicateDecompressedStructuredMetadataBytes: 0,
  postPredicateRows: 0,
  postPredicateDecompressedBytes: 0,
  postPredicateStructuredMetadataBytes: 0,
  postFilterRows: 0,
  pagesScanned: 0,
  pagesDownloaded: 0,
  pagesDownloadedBytes: 0,
  pageBatches: 0,
  totalRowsAvailable: 0,
  totalPageDownloadTime: 0,
  wireBytesTransferred: 0,
}

/** What a query reports about itself, before it is known what it was. */
export const NO_STATS: QueryStats = {
  blocks: 0,
  blocksPruned: 0,
  compressedBytes: 0,
  lineBytes: 0,
  lines: 0,
  headLines: 0,
  headBytes: 0,
  streams: 0,
  postFilterLines: 0,
  entriesReturned: 0,
  execMs: 0,
  metadataBytes: 0,
}

/** The part of the store's numbers that Loki calls `chunk`. */
function storeJson(stats: QueryStats, head: boolean): unknown {
  return {
    totalChunksRef: head ? 0 : stats.blocks,
    totalChunksDownloaded: head ? 0 : stats.blocks - stats.blocksPruned,
    chunksDownloadTime: 0,
    queryReferencedStructuredMetadata: stats.metadataBytes > 0,
    queryUsedV2Engine: false,
    chunk: {
      headChunkBytes: head ? stats.headBytes : 0,
      headChunkLines: head ? stats.headLines : 0,
      decompressedBytes: head ? 0 : stats.lineBytes - stats.headBytes,
      decompressedLines: head ? 0 : stats.lines - stats.headLines,
      compressedBytes: head ? 0 : stats.compressedBytes,
      totalDuplicates: 0,
      postFilterLines: head ? 0 : stats.postFilterLines,
      headChunkStructuredMetadataBytes: 0,
      decompressedStructuredMetadataBytes: head ? 0 : stats.metadataBytes,
    },
    chunkRefsFetchTime: 0,
    congestionControlLatency: 0,
    pipelineWrapperFilteredLines: 0,
    dataobj: DATAOBJ,
  }
}

/**
 * The `stats` object of an answer, in Loki's shape. Blocks stand for chunks; what the store pruned shows as
 * the
 * difference between `index.totalChunks` and `index.postFilterChunks`.
 */
export function statsJson(stats: QueryStats): string {
  const seconds = stats.execMs / 1000
  const bytes = stats.lineBytes + stats.metadataBytes
  const perSecond = (amount: number): number => (seconds > 0 ? Math.round(amount / seconds) : 0)
  return JSON.stringify({
    summary: {
      bytesProcessedPerSecond: perSecond(bytes),
      linesProcessedPerSecond: perSecond(stats.lines),
      totalBytesProcessed: bytes,
      totalLinesProcessed: stats.lines,
      execTime: seconds,
      queueTime: 0,
      subqueries: 0,
      totalEntriesReturned: stats.entriesReturned,
      splits: 0,
      shards: 0,
      totalPostFilterLines: stats.postFilterLines,
      totalStructuredMetadataBytesProcessed: stats.metadataBytes,
    },
    querier: { store: storeJson(stats, false), querierExecTime: seconds },
    ingester: {
      totalReached: 1,
      totalChunksMatched: 0,
      totalBatches: 0,
      totalLinesSent: 0,
      store: storeJson(stats, true),
    },
    cache: Object.fromEntries(CACHES.map((name) => [name, CACHE])),
    index: {
      totalChunks: stats.blocks,
      postFilterChunks: stats.blocks - stats.blocksPruned,
      shardsDuration: 0,
      usedBloomFilters: stats.blocksPruned > 0,
      totalStreams: stats.streams,
      chunkRefsLookupTime: 0,
      bloomFilterTime: 0,
    },
  })
}
