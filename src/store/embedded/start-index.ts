import { basename, dirname } from 'node:path'
import { errorMessage } from '#base/errors.ts'
import type { Logger } from '#base/logger.ts'
import { FormatError } from './bytes.ts'
import type { Catalog } from './catalog.ts'
import { errorCode, syncDir, writeFully } from './disk.ts'
import type { FileSystem } from './file-system.ts'
import type { HandlePool } from './handle-pool.ts'
import { DAY_MS, indexPath, partitionDir } from './paths.ts'
import { Segment } from './segment.ts'
import { encodeTrailer } from './segment-format.ts'
import { decodeIndex, encodeIndex, type IndexedSegment, type IndexedTenant } from './segment-index.ts'
import type { SegmentSet } from './segment-set.ts'
import type { Stream } from './stream.ts'
import { runsOf } from './stream-ids.ts'

/** What reading the index works with. */
export interface IndexEnvironment {
  readonly fs: FileSystem
  readonly handles: HandlePool
  readonly logger: Logger
  readonly catalog: Catalog
}

/** The segments of the index, whose streams are in the catalog. */
export interface IndexedSegments {
  /** How many the index has. */
  readonly count: number
  /** The segment in that file, without reading it; undefined where the index has another one, or none. */
  segment(path: string): Promise<Segment | undefined>
}

/** Reads the index. One that is missing or damaged has no segments. */
export async function findIndexed(environment: IndexEnvironment, dir: string): Promise<IndexedSegments> {
  const { fs, catalog, handles } = environment
  const byPath = new Map<string, { readonly indexed: IndexedSegment; readonly firstId: number }>()
  for (const { tenant, streams, segments } of await readIndex(environment, dir)) {
    const firstId = catalog.adopt(tenant, streams)
    for (const indexed of segments) {
      const day = Date.parse(indexed.properties.day) / DAY_MS
      byPath.set(`${partitionDir(dir, tenant, day)}/${indexed.name}`, { indexed, firstId })
    }
  }
  return {
    count: byPath.size,
    segment: async (path) => {
      const known = byPath.get(path)
      if (known === undefined) return undefined
      const { size: sizeBytes, mtimeMs } = await fs.stat(path)
      const { indexed, firstId } = known
      if (indexed.sizeBytes !== sizeBytes || indexed.mtimeMs !== mtimeMs) return undefined
      return Segment.indexed({ path, sizeBytes, mtimeMs }, indexed, firstId, handles, catalog)
    },
  }
}

async function readIndex({ fs, logger }: IndexEnvironment, dir: string): Promise<IndexedTenant[]> {
  const path = indexPath(dir)
  // What a crash has left of a write.
  await fs.unlink(`${path}.tmp`).catch(() => undefined)
  try {
    return decodeIndex(await fs.readFile(path))
  } catch (thrown) {
    if (errorCode(thrown) === 'ENOENT') return []
    if (!(thrown instanceof FormatError) && errorCode(thrown) === '') throw thrown
    logger.warn(
      { file: path, error: errorMessage(thrown) },
      'the index of segments cannot be read; all of them are, which takes longer, and it is made anew',
    )
    return []
  }
}

/** What writing the index works with. */
export interface IndexSources {
  readonly fs: FileSystem
  readonly dir: string
  readonly logger: Logger
  readonly catalog: Catalog
  readonly segments: SegmentSet
}

/** Writes the index where segments have come or gone since it was read or written. */
export function makeIndexWriter({ fs, dir, logger, catalog, segments }: IndexSources): () => Promise<void> {
  let written = 0
  return async () => {
    const { version } = segments
    if (version === written) return
    try {
      await writeIndex(fs, dir, catalog, segments.all())
      written = version
    } catch (thrown) {
      logger.warn(
        { file: indexPath(dir), error: errorMessage(thrown) },
        'the index of segments could not be written; the next start reads all of them, which takes longer',
      )
    }
  }
}

async function writeIndex(
  fs: FileSystem,
  dir: string,
  catalog: Catalog,
  segments: readonly Segment[],
): Promise<void> {
  const bytes = await encodeIndex(tenantsOf(catalog, segments))
  const path = indexPath(dir)
  const handle = await fs.open(`${path}.tmp`, 'w')
  try {
    await writeFully(handle, bytes, 0)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await fs.rename(`${path}.tmp`, path)
  await syncDir(fs, dirname(path))
}

/** Put together in one step: what is written later comes and goes meanwhile. */
function tenantsOf(catalog: Catalog, segments: readonly Segment[]): IndexedTenant[] {
  const byTenant = Map.groupBy(segments, ({ properties }) => properties.tenant)
  return [...byTenant].map(([tenant, own]) => {
    const found = new Set<Stream>()
    for (const { streamIds } of own) for (const id of streamIds) found.add(catalog.byId(id))
    const streams = [...found].sort((a, b) => (a.key < b.key ? -1 : 1))
    const places = new Map(streams.map(({ id }, place) => [id, place]))
    return {
      tenant,
      streams: streams.map(({ labels, settledMs, settledNs }) => ({
        ...{ labels, newestMs: settledMs, newestNs: settledNs },
      })),
      segments: own.map((segment) => ({
        name: basename(segment.path),
        sizeBytes: segment.sizeBytes,
        mtimeMs: segment.mtimeMs,
        trailer: encodeTrailer(segment.trailer),
        properties: segment.properties,
        streamRuns: runsOf(placesOf(segment, places)),
      })),
    }
  })
}

function* placesOf({ streamIds }: Segment, places: ReadonlyMap<number, number>): Generator<number> {
  for (const id of streamIds) yield places.get(id) ?? 0
}
