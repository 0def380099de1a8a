import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { OperatorError } from '#base/errors.ts'
import type { Logger } from '#base/logger.ts'
import type { EmbeddedOptions } from '#store/embedded/options.ts'
import { type EmbeddedStore, openEmbeddedStore } from '#store/embedded/store.ts'
import { collectRows, makeBatch, type PlainRow, plainCells, request } from '#store/testing.ts'
import { mountDisk } from './mounted-disk.ts'
import { type DiskCall, type Fault, SimulatedDisk } from './simulated-disk.ts'

/** What a store wrote to its log. */
export interface Report {
  readonly level: 'warn' | 'error'
  readonly fields: Record<string, unknown>
  readonly message: string
}

/** A logger that keeps warnings and errors. */
export function reportingLogger(reports: Report[]): Logger {
  const note =
    (level: Report['level']) =>
    (fields: Record<string, unknown>, message: string): void =>
      void reports.push({ level, fields, message })
  const nothing = (): void => undefined
  const logger: Logger = {
    debug: nothing,
    info: nothing,
    warn: note('warn'),
    error: note('error'),
    child: () => logger,
  }
  return logger
}

/** A store on a {@link SimulatedDisk} that is ended and opened again, and what it must hold. */
export class FaultyStore {
  readonly disk: SimulatedDisk
  readonly reports: Report[] = []
  /** Lines that a push was acknowledged for: there once. Others that were sent: there once or not. */
  readonly acknowledged = new Set<string>()
  readonly sent = new Map<string, number>()
  /** Faults that have happened. */
  injected = 0
  store: EmbeddedStore | undefined
  readonly #options: Partial<EmbeddedOptions>
  readonly #ending: Promise<unknown>[] = []
  readonly #roots: string[] = []
  #cut: () => void = () => undefined

  constructor(random: () => number, options: Partial<EmbeddedOptions>) {
    this.disk = new SimulatedDisk(random)
    this.#options = options
  }

  /** Opens the store as a process of its own would. */
  async open(): Promise<EmbeddedStore> {
    // The lock is a real file; a process that was "killed" here still holds its own.
    const dir = mkdtempSync(join(tmpdir(), 'logboom-faults-'))
    this.#roots.push(dir)
    const { fs, cut } = mountDisk(this.disk, dir)
    this.#cut = cut
    this.store = await openEmbeddedStore({
      dir,
      fs,
      logger: reportingLogger(this.reports),
      fsync: 'always',
      retentionMs: () => 0,
      outOfOrderWindowMs: 0,
      compactionIntervalMs: 600_000,
      headBytes: 1 << 19,
      walFileBytes: 2048,
      blockBytes: 512,
      flushRetryMs: 2,
      ...this.#options,
    })
    return this.store
  }

  /** Lets the next calls of this kind go wrong, the first of them after `skip` others. */
  arm(call: DiskCall, fault: Fault, skip = 0, times = 1): void {
    let toSkip = skip
    let left = times
    this.disk.fault = (made) => {
      if (made !== call || left === 0 || toSkip-- > 0) return undefined
      left--
      this.injected++
      return fault
    }
  }

  disarm(): void {
    this.disk.fault = () => undefined
    this.disk.capacityBytes = Infinity
  }

  /** Sends rows; says whether they were acknowledged. Any answer but a clear error of the store is thrown. */
  async push(rows: readonly PlainRow[]): Promise<boolean> {
    for (const { line, ms } of rows) this.sent.set(String(line), ms)
    try {
      await this.store?.append('t', makeBatch(rows))
    } catch (thrown) {
      if (thrown instanceof OperatorError && /^store_/.test(thrown.code)) return false
      throw thrown
    }
    for (const { line } of rows) this.acknowledged.add(String(line))
    return true
  }

  /** Ends the process without a word. */
  kill(): void {
    this.#cut()
    this.#ending.push(this.store?.close().catch(() => undefined) ?? Promise.resolve())
    this.store = undefined
  }

  /** Every deviation from what must be there, in words. */
  async deviations(): Promise<string[]> {
    const wrong: string[] = []
    const seen = new Set<string>()
    if (this.store === undefined) throw new Error('the store is not open')
    for (const { line, ms } of await collectRows(this.store.scan('t', request()))) {
      if (seen.has(line)) wrong.push(`twice: ${line}`)
      seen.add(line)
      if (this.sent.get(line) !== ms) wrong.push(`at ${ms} instead of ${this.sent.get(line)}: ${line}`)
    }
    for (const line of this.acknowledged) if (!seen.has(line)) wrong.push(`lost: ${line}`)
    const runs = await this.store.counts('t', [], { fromMs: 0, toMs: 8e12 })
    const counted = runs && plainCells(runs).reduce((sum, { lines }) => sum + lines, 0)
    if (counted !== undefined && counted !== seen.size) wrong.push(`${counted} counted of ${seen.size}`)
    return wrong
  }

  /** Takes what is there for what must be, after a loss that is allowed. */
  async acceptLoss(): Promise<void> {
    if (this.store === undefined) return
    const lines = await collectRows(this.store.scan('t', request()))
    const left = new Set(lines.map(({ line }) => line))
    for (const line of this.acknowledged) if (!left.has(line)) this.acknowledged.delete(line)
  }

  /** Lets go of everything. */
  async end(): Promise<void> {
    this.disarm()
    if (this.store !== undefined) this.kill()
    await Promise.all(this.#ending)
    for (const root of this.#roots) rmSync(root, { recursive: true, force: true })
  }
}
