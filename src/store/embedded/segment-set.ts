import { dirname, join } from 'node:path'
import { errorMessage, OperatorError } from '#base/errors.ts'
import type { Logger } from '#base/logger.ts'
import type { TimeRange } from '../types.ts'
import { FormatError, VersionError } from './bytes.ts'
import type { Catalog } from './catalog.ts'
import { errorCode, syncDir } from './disk.ts'
import type { FileSystem } from './file-system.ts'
import type { HandlePool } from './handle-pool.ts'
import { LoadedSegments } from './loaded-segments.ts'
import { segmentsDir } from './paths.ts'
import { Segment } from './segment.ts'
import { findIndexed, type IndexedSegments } from './start-index.ts'

/** How many files are looked at at once. */
const OPEN_AT_ONCE = 16

/** The segments of all tenants. A removed one answers until the last scan that began before has let it go. */
export class SegmentSet {
  readonly #byTenant = new Map<string, readonly Segment[]>()
  readonly #removed = new Set<Segment>()
  readonly #fs: FileSystem
  readonly #handles: HandlePool
  readonly #logger: Logger
  readonly #loaded: LoadedSegments
  /** Segments that were set aside because their footer cannot be read. */
  corruptSegments = 0
  /** Goes up with every segment that comes or goes. */
  version = 0

  /** `directoryBytes`: memory for the block directories that nobody uses at the moment. */
  constructor(fs: FileSystem, handles: HandlePool, logger: Logger, directoryBytes: number) {
    this.#fs = fs
    this.#handles = handles
    this.#logger = logger
    this.#loaded = new LoadedSegments(directoryBytes)
  }

  /**
   * Finds what is on disk. Leftovers of unfinished writes are removed, unreadable segments set aside.
   * Segments that the index knows, and that end before log file `firstWal`, are not read:
   * docs/formats/segment-index.md
   * @throws OperatorError `store_io` where the directory or a file cannot be read at all
   */
  async load(dir: string, catalog: Catalog, firstWal: number): Promise<void> {
    try {
      await this.#fs.mkdir(segmentsDir(dir))
      const environment = { fs: this.#fs, handles: this.#handles, logger: this.#logger, catalog }
      const indexed = await findIndexed(environment, dir)
      const paths = await findSegments(this.#fs, segmentsDir(dir))
      const find = (path: string): Promise<Segment | undefined> =>
        this.#find(path, indexed, firstWal, catalog)
      const found: Segment[] = []
      for (let i = 0; i < paths.length; i += OPEN_AT_ONCE) {
        const opened = paths.slice(i, i + OPEN_AT_ONCE).map(find)
        for (const segment of await Promise.all(opened)) if (segment !== undefined) found.push(segment)
      }
      this.add(found)
      await this.#removeReplaced()
      const isIndex = found.length === paths.length && found.every((segment) => !segment.isLoaded)
      // What the index already says is not written again.
      this.version = isIndex && found.length === indexed.count ? 0 : 1
    } catch (thrown) {
      throw new OperatorError(
        'store_io',
        `cannot read ${segmentsDir(dir)}: ${errorMessage(thrown)}. Check the disk and the rights.`,
        { cause: thrown },
      )
    }
  }

  /** A tenant's segments by age. The array is never changed: it is a snapshot. */
  of(tenant: string): readonly Segment[] {
    return this.#byTenant.get(tenant) ?? []
  }

  all(): Segment[] {
    return [...this.#byTenant.values()].flat()
  }

  tenants(): string[] {
    return [...this.#byTenant.keys()]
  }

  add(segments: readonly Segment[]): void {
    for (const [tenant, added] of Map.groupBy(segments, ({ properties }) => properties.tenant)) {
      const byPath = new Map([...this.of(tenant), ...added].map((segment) => [segment.path, segment]))
      this.#byTenant.set(tenant, [...byPath.values()].sort(byAge))
    }
    for (const segment of segments) if (segment.isLoaded) this.#loaded.touch(segment)
    if (segments.length > 0) this.version++
  }

  /** Segments that are removed, and may still be read. */
  removed(): Segment[] {
    return [...this.#removed]
  }

  /**
   * Has the block directories of a tenant's segments of that time in memory. Undefined where they are there
   * already. Whoever has awaited it must take its snapshot before it awaits anything else. Damaged ones are
   * set aside.
   * @throws OperatorError `store_io` where a file cannot be read
   */
  prepare(tenant: string, { fromMs, toMs }: TimeRange): Promise<void> | undefined {
    return this.#prepare(tenant, ({ properties }) => properties.minMs <= toMs && properties.maxMs >= fromMs)
  }

  /** {@link SegmentSet.prepare} for who asks segments that are in the range as a whole only for streams. */
  prepareEdges(tenant: string, { fromMs, toMs }: TimeRange): Promise<void> | undefined {
    return this.#prepare(tenant, ({ properties: { minMs, maxMs } }) => {
      return minMs <= toMs && maxMs >= fromMs && (minMs < fromMs || maxMs >= toMs)
    })
  }

  /** {@link SegmentSet.prepare} for the segments that are wanted. */
  prepareWanted(tenant: string, isWanted: (segment: Segment) => boolean): Promise<void> | undefined {
    return this.#prepare(tenant, isWanted)
  }

  #prepare(tenant: string, isWanted: (segment: Segment) => boolean): Promise<void> | undefined {
    const inTime = this.of(tenant).filter(isWanted)
    for (const segment of inTime) if (segment.isLoaded) this.#loaded.touch(segment)
    if (inTime.every((segment) => segment.isLoaded)) return undefined
    return this.#prepareMissing(tenant, isWanted, inTime)
  }

  /**
   * Calls `work` while these segments, which are not removed, and their block directories stay.
   * @throws FormatError where one is damaged; it is set aside
   */
  async using<T>(segments: readonly Segment[], work: () => Promise<T>): Promise<T> {
    this.pin(segments)
    try {
      await this.#load(segments)
      return await work()
    } finally {
      // What the work has removed is gone when it is done.
      await Promise.all(this.#unpinned(segments).map((segment) => this.#deleteOrReport(segment)))
    }
  }

  /** Keeps the files of these segments until {@link SegmentSet.unpin}, and what is loaded of them. */
  pin(segments: readonly Segment[]): void {
    for (const segment of segments) segment.pins++
  }

  unpin(segments: readonly Segment[]): void {
    for (const segment of this.#unpinned(segments)) void this.#deleteOrReport(segment)
  }

  /** Lets go of segments; returns those of them that are removed and not read by anybody any more. */
  #unpinned(segments: readonly Segment[]): Segment[] {
    return segments.filter((segment) => --segment.pins === 0 && this.#removed.has(segment))
  }

  /**
   * Takes segments out of every later answer and deletes their files as soon as nobody reads them.
   * `successor` has their rows from now on, in one step, so that no reader finds rows twice or not at all.
   */
  async remove(segments: readonly Segment[], successor?: Segment): Promise<void> {
    const gone = new Set(segments)
    if (successor !== undefined) this.add([successor])
    for (const tenant of new Set(segments.map((segment) => segment.properties.tenant))) {
      const left = this.of(tenant).filter((segment) => !gone.has(segment))
      if (left.length > 0) this.#byTenant.set(tenant, left)
      else this.#byTenant.delete(tenant)
    }
    if (segments.length > 0) this.version++
    for (const segment of segments) this.#removed.add(segment)
    for (const segment of segments) if (segment.pins === 0) await this.#deleteOrReport(segment)
  }

  /** Files that are no longer searched and not yet deleted. */
  awaitingRemoval(tenant: string): number {
    let count = 0
    for (const { properties } of this.#removed) if (properties.tenant === tenant) count++
    return count
  }

  /** Tries again to delete what could not be deleted. */
  async sweep(): Promise<void> {
    for (const segment of [...this.#removed]) if (segment.pins === 0) await this.#deleteOrReport(segment)
  }

  /** Removes what a crash left of segments that others have replaced. docs/formats/segment.md, Rewriting. */
  async #removeReplaced(): Promise<void> {
    const replaced = new Set<string>()
    for (const { path, properties } of this.all()) {
      for (const name of properties.replaces ?? []) replaced.add(join(dirname(path), name))
    }
    await this.remove(this.all().filter(({ path }) => replaced.has(path)))
  }

  async #deleteOrReport(segment: Segment): Promise<void> {
    try {
      await this.#delete(segment)
      this.#removed.delete(segment)
    } catch (thrown) {
      this.#logger.error(
        { file: segment.path, error: errorMessage(thrown) },
        'a segment could not be deleted; it is no longer searched, and it is tried again',
      )
    }
  }

  async #prepareMissing(
    tenant: string,
    isWanted: (segment: Segment) => boolean,
    inTime: readonly Segment[],
  ): Promise<void> {
    this.pin(inTime)
    try {
      for (let i = 0; i < inTime.length; i += OPEN_AT_ONCE) {
        await this.#load(inTime.slice(i, i + OPEN_AT_ONCE)).catch((thrown: unknown) => {
          if (!(thrown instanceof FormatError)) throw thrown
        })
      }
      // Others may have come in place of these.
      await this.#prepare(tenant, isWanted)
    } catch (thrown) {
      if (thrown instanceof OperatorError) throw thrown
      throw new OperatorError(
        'store_io',
        `cannot read a segment: ${errorMessage(thrown)}. Check the disk and the rights.`,
        { cause: thrown },
      )
    } finally {
      this.unpin(inTime)
    }
  }

  /** @throws FormatError the first of them, when all that can be loaded are, and the others set aside */
  async #load(segments: readonly Segment[]): Promise<void> {
    const loading = segments.map(async (segment) => {
      try {
        await segment.load()
        this.#loaded.touch(segment)
      } catch (thrown) {
        if (thrown instanceof FormatError) await this.#setAside(segment, thrown)
        throw thrown
      }
    })
    const failed = (await Promise.allSettled(loading)).find(({ status }) => status === 'rejected')
    if (failed?.status === 'rejected') throw failed.reason
  }

  /** Takes a damaged segment out of every answer; its file stays, under another name. */
  async #setAside(segment: Segment, error: FormatError): Promise<void> {
    const { tenant } = segment.properties
    if (!this.of(tenant).includes(segment)) return
    const left = this.of(tenant).filter((other) => other !== segment)
    if (left.length > 0) this.#byTenant.set(tenant, left)
    else this.#byTenant.delete(tenant)
    this.version++
    await this.#renameCorrupt(segment.path, error)
  }

  async #renameCorrupt(path: string, error: FormatError): Promise<void> {
    this.#handles.drop(path)
    await this.#fs.rename(path, `${path}.corrupt`)
    this.corruptSegments++
    this.#logger.error(
      { file: path, keptAs: `${path}.corrupt`, error: error.message },
      'a segment cannot be read; its rows are missing from answers. The file is kept under its new name.',
    )
  }

  async #delete(segment: Segment): Promise<void> {
    this.#loaded.forget(segment)
    this.#handles.drop(segment.path)
    // Gone already where the tries of a sweep and of a reader that let it go met.
    await this.#fs.unlink(segment.path).catch((thrown: unknown) => {
      if (errorCode(thrown) !== 'ENOENT') throw thrown
    })
    await removeEmptyDirs(this.#fs, dirname(segment.path))
    // A segment that came back after a power loss could cover log files that were numbered anew.
    await syncNearest(this.#fs, dirname(segment.path))
  }

  async #find(
    path: string,
    indexed: IndexedSegments,
    firstWal: number,
    catalog: Catalog,
  ): Promise<Segment | undefined> {
    const known = await indexed.segment(path)
    // Were it damaged, the log would still have its rows.
    if (known !== undefined && known.properties.walTo < firstWal) return known
    return await this.#open(path, catalog)
  }

  async #open(path: string, catalog: Catalog): Promise<Segment | undefined> {
    try {
      return await Segment.open(path, this.#handles, catalog)
    } catch (thrown) {
      if (!(thrown instanceof FormatError)) throw thrown
      if (!(thrown instanceof VersionError)) {
        await this.#renameCorrupt(path, thrown)
        return undefined
      }
      this.#handles.drop(path)
      this.#logger.error(
        { file: path, error: thrown.message },
        'a segment is of another version; its rows are missing from answers, and the file is left as ' +
          'it is. Use the Logboom that wrote it, or move the file away.',
      )
      return undefined
    }
  }
}

function byAge(a: Segment, b: Segment): number {
  return a.properties.walFrom - b.properties.walFrom || (a.path < b.path ? -1 : 1)
}

async function findSegments(fs: FileSystem, root: string): Promise<string[]> {
  const paths: string[] = []
  for (const tenant of await subdirs(fs, root)) {
    for (const day of await subdirs(fs, join(root, tenant))) {
      const directory = join(root, tenant, day)
      for (const { name } of await fs.readdir(directory)) {
        if (name.endsWith('.seg')) paths.push(join(directory, name))
        else if (name.endsWith('.seg.tmp')) await fs.unlink(join(directory, name))
      }
    }
  }
  return paths
}

async function subdirs(fs: FileSystem, path: string): Promise<string[]> {
  const entries = await fs.readdir(path)
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name)
}

/** A partition without segments leaves no directory; what was set aside in it keeps it. */
async function removeEmptyDirs(fs: FileSystem, partition: string): Promise<void> {
  for (const directory of [partition, dirname(partition)]) {
    try {
      await fs.rmdir(directory)
    } catch (thrown) {
      if (errorCode(thrown) === 'ENOTEMPTY' || errorCode(thrown) === 'ENOENT') return
      throw thrown
    }
  }
}

/** Syncs a partition's directory, or the nearest one above it that is left. */
async function syncNearest(fs: FileSystem, partition: string): Promise<void> {
  for (const directory of [partition, dirname(partition), dirname(dirname(partition))]) {
    try {
      return await syncDir(fs, directory)
    } catch (thrown) {
      if (errorCode(thrown) !== 'ENOENT') throw thrown
    }
  }
}
