import { errorMessage } from '#base/errors.ts'
import type { Logger } from '#base/logger.ts'
import { cutFile, errorCode, syncDir, writeError, writeFully } from './disk.ts'
import type { FileSystem, StoreFile } from './file-system.ts'
import { walDir, walPath } from './paths.ts'
import { WAL_HEADER_BYTES, walHeader } from './wal-file.ts'

/** When acknowledged bytes are forced to the disk. docs/formats/wal.md says what each can lose. */
export type FsyncPolicy = 'always' | { readonly intervalMs: number }

/** Where and how the write-ahead log is written. */
export interface WalOptions {
  readonly fs: FileSystem
  readonly dir: string
  readonly fsync: FsyncPolicy
  readonly maxFileBytes: number
  /** Number of the first file. Never one that was used before. */
  readonly firstSequence: number
  readonly logger: Logger
  /**
   * Called when an fsync failed after its pushes were acknowledged: the kernel may have dropped their bytes,
   * and a later fsync would not bring them back, so the rows in memory should be made durable elsewhere.
   */
  onLostSync(): void
}

/** A file that should end earlier than it does: what follows was never acknowledged. */
interface PendingCut {
  readonly path: string
  readonly goodBytes: number
}

/** The writing side of the write-ahead log. Calls must not overlap. */
export class Wal {
  readonly #options: WalOptions
  #sequence: number
  #handle: StoreFile | undefined
  #goodBytes = 0
  #unsynced = false
  /** Whether the file's name in the directory may be lost with the power. */
  #unnamed = false
  /** Whether an fsync of the file has failed: it takes no more records. */
  #isLost = false
  #syncing: Promise<void> | undefined
  #cuts: PendingCut[] = []
  readonly #damaged = new Set<number>()
  readonly #timer: NodeJS.Timeout | undefined
  /** Failed writes and fsyncs. */
  failures = 0

  constructor(options: WalOptions) {
    this.#options = options
    this.#sequence = options.firstSequence
    if (options.fsync !== 'always') {
      this.#timer = setInterval(() => this.#syncNow(), options.fsync.intervalMs)
      this.#timer.unref()
    }
  }

  /** Number of the file that the next write goes to, unless it is full. */
  get sequence(): number {
    return this.#sequence
  }

  /**
   * Appends whole records, and forces them to the disk where the policy says so.
   * @throws OperatorError `store_full` or `store_io`: nothing of `records` will be replayed
   */
  async write(records: Uint8Array): Promise<void> {
    const path = walPath(this.#options.dir, this.#sequence)
    try {
      await this.#retryCuts()
      const isFull =
        this.#goodBytes > WAL_HEADER_BYTES && this.#goodBytes + records.length > this.#options.maxFileBytes
      if (isFull || this.#isLost) await this.rotate()
      this.#handle ??= await this.#create()
      await writeFully(this.#handle, records, this.#goodBytes)
    } catch (thrown) {
      this.failures++
      await this.#undo(false)
      throw writeError('writing to', path, thrown)
    }
    if (this.#options.fsync === 'always') {
      try {
        await this.#handle.datasync()
      } catch (thrown) {
        this.failures++
        await this.#undo(true)
        throw writeError('fsync of', path, thrown)
      }
    } else {
      this.#unsynced = true
    }
    this.#goodBytes += records.length
  }

  /**
   * Ends the current file, if one was begun; the next write begins another. Returns the number of the last
   * file used. Never throws: a failed fsync is reported through {@link WalOptions.onLostSync}.
   */
  async rotate(): Promise<number> {
    const handle = this.#handle
    if (handle !== undefined) {
      await this.#syncing
      if (this.#unsynced) await this.#sync(handle)
      this.#handle = undefined
      this.#unsynced = false
      this.#isLost = false
      this.#goodBytes = 0
      this.#sequence++
      // All that matters was synced, or is known to be lost.
      await handle.close().catch(() => undefined)
    }
    return this.#sequence - 1
  }

  /** Remembers that a file could not be read to its end, so that {@link Wal.remove} sets it aside instead. */
  markDamaged(sequence: number): void {
    this.#damaged.add(sequence)
  }

  /** Removes the files `from` … `to`, whose rows are in durable segments. */
  async remove(from: number, to: number): Promise<void> {
    for (let sequence = from; sequence <= to; sequence++) {
      const path = walPath(this.#options.dir, sequence)
      try {
        if (this.#damaged.delete(sequence)) await this.#options.fs.rename(path, `${path}.corrupt`)
        else await this.#options.fs.unlink(path)
      } catch (thrown) {
        if (errorCode(thrown) === 'ENOENT') continue
        this.#options.logger.warn(
          { file: path, error: errorMessage(thrown) },
          'a log file could not be removed; its rows are in segments and will be skipped at the next start',
        )
      }
    }
    this.#cuts = this.#cuts.filter((cut) => !isWithin(cut.path, this.#options.dir, from, to))
    // A log that came back after a power loss, when its segments are gone, would be taken in again.
    await syncDir(this.#options.fs, walDir(this.#options.dir)).catch(() => undefined)
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#retryCuts().catch(() => undefined)
    await this.rotate()
  }

  async #create(): Promise<StoreFile> {
    const { fs, dir } = this.#options
    const handle = await fs.open(walPath(dir, this.#sequence), 'w')
    this.#goodBytes = 0
    try {
      await writeFully(handle, walHeader(this.#sequence), 0)
      if (this.#options.fsync === 'always') await syncDir(fs, walDir(dir))
      else this.#unnamed = true
    } catch (thrown) {
      await handle.close().catch(() => undefined)
      await fs.unlink(walPath(dir, this.#sequence)).catch(() => undefined)
      throw thrown
    }
    this.#goodBytes = WAL_HEADER_BYTES
    return handle
  }

  /**
   * Takes back what a failed write may have left; gives the file up where that fails or its pages may be
   * lost.
   */
  async #undo(giveUp: boolean): Promise<void> {
    const handle = this.#handle
    if (handle === undefined) return
    const cut = { path: walPath(this.#options.dir, this.#sequence), goodBytes: this.#goodBytes }
    try {
      await handle.truncate(cut.goodBytes)
      if (!giveUp) return
    } catch {
      this.#cuts.push(cut)
    }
    await this.rotate()
  }

  async #retryCuts(): Promise<void> {
    while (this.#cuts.length > 0) {
      await cutFile(this.#options.fs, this.#cuts[0].path, this.#cuts[0].goodBytes)
      this.#cuts.shift()
    }
  }

  #syncNow(): void {
    const handle = this.#handle
    if (!this.#unsynced || handle === undefined || this.#syncing !== undefined) return
    this.#syncing = this.#sync(handle).then(() => {
      this.#syncing = undefined
    })
  }

  /** Forces acknowledged records to the disk; never tried again on the same file where it failed. */
  async #sync(handle: StoreFile): Promise<void> {
    const { fs, dir, logger, onLostSync } = this.#options
    if (this.#isLost) return
    const file = walPath(dir, this.#sequence)
    this.#unsynced = false
    try {
      await handle.datasync()
      if (this.#unnamed) await syncDir(fs, walDir(dir))
      this.#unnamed = false
    } catch (thrown) {
      this.failures++
      this.#isLost = true
      logger.error(
        { file, error: errorMessage(thrown) },
        'fsync of the log failed: acknowledged rows may not survive a power loss until they are in a ' +
          'segment; ' +
          'it is written now. Check the disk.',
      )
      onLostSync()
    }
  }
}

function isWithin(path: string, dir: string, from: number, to: number): boolean {
  for (let sequence = from; sequence <= to; sequence++) if (walPath(dir, sequence) === path) return true
  return false
}
