import type { FileSystem, StoreFile } from './file-system.ts'

interface Entry {
  readonly handle: Promise<StoreFile>
  users: number
  dropped: boolean
}

/** Keeps a bounded number of files open for reading, the least recently used closing first. */
export class HandlePool {
  readonly #entries = new Map<string, Entry>()
  readonly #fs: FileSystem
  readonly #max: number

  constructor(fs: FileSystem, max: number) {
    this.#fs = fs
    this.#max = max
  }

  /** Calls `work` with the open file. */
  async use<T>(path: string, work: (handle: StoreFile) => Promise<T>): Promise<T> {
    const entry = this.#entries.get(path) ?? { handle: this.#fs.open(path, 'r'), users: 0, dropped: false }
    // Moves the entry to the young end.
    this.#entries.delete(path)
    this.#entries.set(path, entry)
    entry.users++
    try {
      return await work(await entry.handle)
    } catch (thrown) {
      if (!entry.dropped && (await isUnopened(entry))) this.#entries.delete(path)
      throw thrown
    } finally {
      entry.users--
      if (entry.dropped && entry.users === 0) closeQuietly(entry)
      this.#closeOldest()
    }
  }

  /** Closes the file as soon as nobody uses it. */
  drop(path: string): void {
    const entry = this.#entries.get(path)
    if (entry === undefined) return
    this.#entries.delete(path)
    entry.dropped = true
    if (entry.users === 0) closeQuietly(entry)
  }

  close(): void {
    for (const path of [...this.#entries.keys()]) this.drop(path)
  }

  #closeOldest(): void {
    if (this.#entries.size <= this.#max) return
    for (const [path, entry] of this.#entries) {
      if (this.#entries.size <= this.#max) return
      if (entry.users === 0) this.drop(path)
    }
  }
}

async function isUnopened(entry: Entry): Promise<boolean> {
  return entry.handle.then(
    () => false,
    () => true,
  )
}

/** A file open for reading has nothing to lose when closing it fails. */
function closeQuietly(entry: Entry): void {
  entry.handle.then((handle) => handle.close()).catch(() => undefined)
}
