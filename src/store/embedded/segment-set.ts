import { dirname, join } from 'node:path'
import { errorMessage, OperatorError } from '#base/errors.ts'
import type { Logger } from '#base/logger.ts'
import { FormatError } from './bytes.ts'
import type { Catalog } from './catalog.ts'
import { errorCode } from './disk.ts'
import type { FileSystem } from './file-system.ts'
import type { HandlePool } from './handle-pool.ts'
import { segmentsDir } from './paths.ts'
import { Segment } from './segment.ts'

/** How many footers are read at once at start. */
const OPEN_AT_ONCE = 16

/** The segments of all tenants. A removed one answers until the last scan that began before has let it go. */
export class SegmentSet {
  readonly #byTenant = new Map<string, readonly Segment[]>()
  readonly #removed = new Set<Segment>()
  readonly #fs: FileSystem
  readonly #handles: HandlePool
  readonly #logger: Logger
  /** Segments that were set aside because their footer cannot be read. */
  corruptSegments = 0

  constructor(fs: FileSystem, handles: HandlePool, logger: Logger) {
    this.#fs = fs
    this.#handles = handles
    this.#logger = logger
  }

  /**
   * Reads what is on disk. Leftovers of unfinished writes are removed, unreadable segments set aside.
   * @throws OperatorError `store_io` where the directory or a file cannot be read at all
   */
  async load(dir: string, catalog: Catalog): Promise<void> {
    try {
      await this.#fs.mkdir(segmentsDir(dir))
      const paths = await findSegments(this.#fs, segmentsDir(dir))
      for (let i = 0; i < paths.length; i += OPEN_AT_ONCE) {
        const opened = paths.slice(i, i + OPEN_AT_ONCE).map((path) => this.#open(path, catalog))
        this.add((await Promise.all(opened)).filter((segment) => segment !== undefined))
      }
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
    for (const segment of segments) {
      const { tenant } = segment.properties
      const others = this.of(tenant).filter((other) => other.path !== segment.path)
      this.#byTenant.set(tenant, [...others, segment].sort(byAge))
    }
  }

  /** Keeps the files of these segments until {@link SegmentSet.unpin}. */
  pin(segments: readonly Segment[]): void {
    for (const segment of segments) segment.pins++
  }

  unpin(segments: readonly Segment[]): void {
    for (const segment of segments) {
      if (--segment.pins > 0 || !this.#removed.has(segment)) continue
      this.#delete(segment).catch((thrown: unknown) => this.#reportUndeleted(segment, thrown))
    }
  }

  /** Takes segments out of every later answer and deletes their files as soon as nobody reads them. */
  async remove(segments: readonly Segment[]): Promise<void> {
    const gone = new Set(segments)
    for (const tenant of new Set(segments.map((segment) => segment.properties.tenant))) {
      const left = this.of(tenant).filter((segment) => !gone.has(segment))
      if (left.length > 0) this.#byTenant.set(tenant, left)
      else this.#byTenant.delete(tenant)
    }
    for (const segment of segments) {
      this.#removed.add(segment)
      if (segment.pins > 0) continue
      await this.#delete(segment).catch((thrown: unknown) => this.#reportUndeleted(segment, thrown))
    }
  }

  async #delete(segment: Segment): Promise<void> {
    this.#removed.delete(segment)
    this.#handles.drop(segment.path)
    await this.#fs.unlink(segment.path)
    await removeEmptyDirs(this.#fs, dirname(segment.path))
  }

  #reportUndeleted(segment: Segment, thrown: unknown): void {
    this.#logger.error(
      { file: segment.path, error: errorMessage(thrown) },
      'a segment past its retention could not be deleted; it is no longer searched',
    )
  }

  async #open(path: string, catalog: Catalog): Promise<Segment | undefined> {
    try {
      return await Segment.open(path, this.#handles, catalog)
    } catch (thrown) {
      if (!(thrown instanceof FormatError)) throw thrown
      this.#handles.drop(path)
      await this.#fs.rename(path, `${path}.corrupt`)
      this.corruptSegments++
      this.#logger.error(
        { file: path, keptAs: `${path}.corrupt`, error: thrown.message },
        'a segment cannot be read; its rows are missing from answers. The file is kept under its new name.',
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
