import type { Logger } from '#base/logger.ts'
import type { DeleteRequest, DeleteSelection } from '../delete-types.ts'
import type { CorruptBlock, SharedSegment, SharedWindows } from '../scan-plan.ts'
import type { ScanRequest, ScanStats, ScanWindow } from '../types.ts'
import { BlockReader } from './block-reader.ts'
import { Catalog } from './catalog.ts'
import type { ActiveDelete } from './delete-log.ts'
import { type FileSystem, nodeFileSystem } from './file-system.ts'
import { FilterReader } from './filter-reader.ts'
import { HandlePool } from './handle-pool.ts'
import { withoutDeleted } from './hidden-rows.ts'
import { makePacer } from './pacer.ts'
import { makeContext, readWindow } from './scan.ts'
import { spansIn } from './scan-plan.ts'
import { Segment } from './segment.ts'
import { blockSource, emptyStats, type ScanContext, type Source } from './sources.ts'

/** What a reader of shared windows works with. */
export interface SharedReaderOptions {
  /** Blocks and filters kept for the next windows, with all that was unpacked of them. */
  readonly cacheBytes: number
  readonly logger: Logger
  /** Told once of each block that cannot be read: it is for the other thread to count and to report. */
  onCorrupt(corrupt: CorruptBlock): void
  /** What the query of a delete request means. @throws Error where it is none */
  compileDelete(query: string): DeleteSelection
  readonly fs?: FileSystem
}

/** Reads windows that another thread has planned. It never writes, and knows no more than it was told. */
export interface SharedReader {
  /**
   * Reads windows of a request, which must be the one that they were planned for. What is found out of a
   * block is remembered until the last of them.
   */
  read(request: ScanRequest, signal: AbortSignal): SharedReading
  /** Closes the files, which another thread may delete once the windows are read. */
  closeFiles(): void
}

/** Windows of one request, read one after another. */
export interface SharedReading {
  readonly stats: ScanStats
  windows(shared: SharedWindows): AsyncIterable<ScanWindow>
}

/** Footers kept: of so many files, and so many streams in them. */
const MAX_SEGMENTS = 64
const MAX_STREAMS = 50_000
/** Files open at a time. */
const MAX_OPEN_FILES = 16
/** Requests to delete rows that are kept compiled. */
const MAX_DELETES = 100

/** Makes a reader for the segment files of a store that another thread has open. */
export function makeSharedReader(options: SharedReaderOptions): SharedReader {
  const { cacheBytes, logger, onCorrupt, compileDelete, fs = nodeFileSystem } = options
  const blocks = new BlockReader((cacheBytes * 3) / 4, (_, corrupt) => onCorrupt(corrupt))
  const filters = new FilterReader(cacheBytes / 4, logger)
  const segments = new SegmentCache(new HandlePool(fs, MAX_OPEN_FILES), (segment) => {
    blocks.forget(segment)
    filters.forget(segment)
  })
  const compiled = new Map<string, DeleteSelection>()
  const activeDelete = (tenant: string, request: DeleteRequest): ActiveDelete => {
    const selection = compiled.get(request.query) ?? compileDelete(request.query)
    if (compiled.size >= MAX_DELETES) compiled.clear()
    compiled.set(request.query, selection)
    return { tenant, request, selection }
  }
  async function* windowsOf(
    { segments: wanted, windows }: SharedWindows,
    context: ScanContext,
    known: Map<Segment, Map<number, Source>>,
    signal: AbortSignal,
  ): AsyncGenerator<ScanWindow, void, undefined> {
    const sources: Source[] = []
    for (const [i, segment] of (await segments.of(wanted)).entries()) {
      let ofSegment = known.get(segment)
      if (ofSegment === undefined) known.set(segment, (ofSegment = new Map()))
      for (const block of wanted[i].blocks) {
        let source = ofSegment.get(block)
        if (source === undefined) ofSegment.set(block, (source = blockSource(context, segment, block)))
        sources.push(source)
      }
    }
    const pause = makePacer()
    for (const [fromMs, toMs] of windows) {
      const window = { fromMs, toMs, spans: spansIn(sources, fromMs, toMs) }
      const batches = await readWindow(window, context, pause, signal)
      if (batches.length > 0) yield { fromMs, toMs, batches }
    }
  }
  return {
    read(request, signal) {
      const stats = emptyStats()
      const context = makeContext({ blocks, filters }, request, stats)
      const known = new Map<Segment, Map<number, Source>>()
      return {
        stats,
        windows(shared) {
          const deletes = shared.deletes.map((each) => activeDelete(shared.tenant, each))
          return withoutDeleted(windowsOf(shared, context, known, signal), deletes)
        },
      }
    },
    closeFiles: () => segments.closeFiles(),
  }
}

/** The footers that were read last. */
class SegmentCache {
  readonly #byPath = new Map<string, Segment>()
  readonly #handles: HandlePool
  readonly #forget: (segment: Segment) => void
  #catalog = new Catalog()

  constructor(handles: HandlePool, forget: (segment: Segment) => void) {
    this.#handles = handles
    this.#forget = forget
  }

  /** @throws FormatError, or Node's error, where a file cannot be read */
  async of(wanted: readonly SharedSegment[]): Promise<Segment[]> {
    const opened: Segment[] = []
    for (const { path, sizeBytes } of wanted) {
      let segment = this.#byPath.get(path)
      if (segment !== undefined && segment.sizeBytes !== sizeBytes) {
        this.#forget(segment)
        segment = undefined
      }
      segment ??= await Segment.open(path, this.#handles, this.#catalog)
      // Moves it to the young end.
      this.#byPath.delete(path)
      this.#byPath.set(path, segment)
      opened.push(segment)
    }
    this.#shrink(wanted.length)
    return opened
  }

  closeFiles(): void {
    this.#handles.close()
  }

  /** Streams are only ever added to the catalog, so it is made anew with what is left, all of it at once. */
  #shrink(used: number): void {
    for (const oldest of this.#byPath.values()) {
      if (this.#byPath.size <= Math.max(MAX_SEGMENTS, used)) break
      this.#byPath.delete(oldest.path)
      this.#forget(oldest)
    }
    if (this.#catalog.size <= MAX_STREAMS) return
    for (const segment of this.#byPath.values()) this.#forget(segment)
    this.#byPath.clear()
    this.#catalog = new Catalog()
  }
}
