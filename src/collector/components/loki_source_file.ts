import { existsSync, statSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { type Labels, labelsText, makeLabels } from '#base/labels.ts'
import { Counter, Gauge } from '#base/metrics.ts'
import { openPositions, type Positions } from '../docker/positions.ts'
import { type CompressionFormat, readCompressedFile } from '../file/compressed-file.ts'
import { type FilePlace, parsePlace, placeText } from '../file/file-place.ts'
import { type FileTailer, type FileTailerOptions, startFileTailer } from '../file/file-tailer.ts'
import { readLegacyPositions } from '../file/legacy-positions.ts'
import { makeLineSplitter } from '../file/line-splitter.ts'
import { findFiles } from '../glob.ts'
import type { LogsReceiver } from '../pipeline.ts'
import type { ComponentContext, ComponentDefinition, ComponentInstance } from '../runtime/component.ts'
import { pause } from './pause.ts'

interface Args {
  readonly targets: readonly Readonly<Record<string, string>>[]
  readonly forward_to: readonly LogsReceiver[]
  readonly encoding: string
  readonly tail_from_end: boolean
  readonly legacy_positions_file: string
  readonly on_positions_file_error: 'restart_from_beginning' | 'restart_from_end' | 'skip'
  readonly decompression?: {
    readonly enabled: boolean
    readonly format: string
    readonly initial_delay: number
  }
  readonly file_watch?: { readonly min_poll_frequency: number; readonly max_poll_frequency: number }
  readonly file_match?: {
    readonly enabled: boolean
    readonly sync_period: number
    readonly ignore_older_than: number
  }
}

const SETTLE_MS = 2000
const CLEAN_MS = 10_000
const DEFAULT_POLL_MS = 250

/** `loki.source.file`: the lines of files as they grow, each file once per label set. */
export const lokiSourceFile: ComponentDefinition<Args> = {
  name: 'loki.source.file',
  stability: 'generally-available',
  role: 'source',
  schema: {
    attributes: {
      targets: { type: { list: 'target' }, required: true },
      forward_to: { type: { list: { capsule: 'LogsReceiver' } }, required: true },
      encoding: { type: 'string', default: '' },
      tail_from_end: { type: 'bool', default: false },
      legacy_positions_file: { type: 'string', default: '' },
      on_positions_file_error: {
        type: { oneOf: ['restart_from_beginning', 'restart_from_end', 'skip'] },
        default: 'restart_from_beginning',
      },
    },
    blocks: {
      decompression: {
        body: {
          attributes: {
            enabled: { type: 'bool', required: true },
            format: { type: 'string', required: true },
            initial_delay: { type: 'duration', default: 0 },
          },
        },
      },
      file_watch: {
        body: {
          attributes: {
            min_poll_frequency: { type: 'duration', default: DEFAULT_POLL_MS },
            max_poll_frequency: { type: 'duration', default: DEFAULT_POLL_MS },
          },
        },
      },
      file_match: {
        body: {
          attributes: {
            enabled: { type: 'bool', default: false },
            sync_period: { type: 'duration', default: 10_000 },
            ignore_older_than: { type: 'duration', default: 0 },
          },
        },
      },
    },
    validate: (decoded) => {
      const { encoding, decompression } = decoded as unknown as Args
      makeLineSplitter(encoding, true, () => undefined)
      if (decompression?.enabled === true && !['gz', 'z'].includes(decompression.format)) {
        const format = JSON.stringify(decompression.format)
        throw new Error(`not supported yet: decompression format ${format}; supported are "gz" and "z"`)
      }
    },
  },
  build: (context, args) => new FileSource(context, args),
}

class FileSource implements ComponentInstance<Args> {
  readonly #context: ComponentContext
  readonly #positions: Positions
  readonly #tailers = new Map<string, FileTailer>()
  readonly #readBytes: Counter
  readonly #readLines: Counter
  #args: Args
  #wake = new AbortController()

  constructor(context: ComponentContext, args: Args) {
    this.#context = context
    this.#args = args
    const file = join(context.dataDir, 'positions.yml')
    const isFirstStart = !existsSync(file)
    this.#positions = openPositions(file, ({ path, labels }) => tailerKey(path, labels), context.logger)
    if (isFirstStart && args.legacy_positions_file !== '') this.#import(args.legacy_positions_file)
    const registers = [context.metrics]
    const counter = (name: string, help: string): Counter =>
      new Counter({ name: `loki_source_file_${name}`, help, labelNames: ['path'], registers })
    this.#readBytes = counter('read_bytes_total', 'Bytes read.')
    this.#readLines = counter('read_lines_total', 'Lines read.')
    this.#registerGauges()
  }

  async run(signal: AbortSignal): Promise<void> {
    let nextCleanMs = Date.now() + CLEAN_MS
    while (!signal.aborted) {
      this.#wake = new AbortController()
      await this.#reconcile()
      const { file_match: match } = this.#args
      const syncMs = match?.enabled === true ? match.sync_period : CLEAN_MS
      await pause(Math.min(syncMs, CLEAN_MS), AbortSignal.any([signal, this.#wake.signal]))
      if (Date.now() < nextCleanMs) continue
      await this.#forgetLostFiles()
      nextCleanMs = Date.now() + CLEAN_MS
    }
    await Promise.all([...this.#tailers.values()].map((tailer) => tailer.stop(SETTLE_MS)))
    await this.#positions.close()
  }

  update(args: Args): void {
    const isSameReading =
      args.encoding === this.#args.encoding &&
      JSON.stringify(args.decompression) === JSON.stringify(this.#args.decompression)
    this.#args = args
    if (!isSameReading) for (const tailer of this.#tailers.values()) tailer.release()
    this.#wake.abort()
  }

  debugInfo(): unknown {
    return {
      targets_info: [...this.#tailers.values()].map((tailer) => {
        const { path, offset, lastError } = tailer.info()
        const labels = labelsText(tailer.labels)
        return { path, labels, is_running: true, read_offset: offset, last_error: lastError }
      }),
    }
  }

  async #reconcile(): Promise<void> {
    const wanted = new Set<string>()
    for (const target of await this.#expandTargets()) {
      const path = target.__path__
      const own = Object.entries(target).filter(([name]) => !name.startsWith('__'))
      const labels = makeLabels([...own, ['filename', path]])
      const key = tailerKey(path, labelsText(labels))
      wanted.add(key)
      if (!this.#tailers.has(key)) this.#start(key, path, labels)
    }
    for (const [key, tailer] of this.#tailers) if (!wanted.has(key)) tailer.release()
  }

  async #expandTargets(): Promise<Readonly<Record<string, string>>[]> {
    const targets = this.#args.targets.filter(({ __path__: path }) => path !== undefined && path !== '')
    const match = this.#args.file_match
    if (match?.enabled !== true) {
      const isFolder = await Promise.all(targets.map(({ __path__: path }) => isDirectory(path)))
      return targets.flatMap((target, index) => (isFolder[index] ? [] : [target]))
    }
    const found = await Promise.all(
      targets.map(async (target) => {
        const paths = await findFiles(target.__path__)
        const recent = await Promise.all(paths.map((path) => isRecent(path, match.ignore_older_than)))
        return paths.flatMap((path, index) => (recent[index] ? [{ ...target, __path__: resolve(path) }] : []))
      }),
    )
    return found.flat()
  }

  /** Takes over the places that another program has left; they hold for any labels. */
  #import(legacyFile: string): void {
    const places = readLegacyPositions(legacyFile, this.#context.logger)
    for (const [path, value] of places) this.#positions.set({ path, labels: '', value })
    this.#context.logger.info({ file: legacyFile, places: places.size }, 'positions were taken over')
  }

  #start(key: string, path: string, labels: Labels): void {
    const text = labelsText(labels)
    const stored = this.#positions.get(key) ?? this.#positions.get(tailerKey(path, ''))
    const start = stored === undefined ? undefined : parsePlace(stored.value)
    const { wasCorrupt } = this.#positions
    if (wasCorrupt && this.#args.on_positions_file_error === 'skip') return
    const { file_watch: watch, decompression } = this.#args
    const options: FileTailerOptions = {
      ...{ path, labels, start, logger: this.#context.logger, encoding: this.#args.encoding },
      tailFromEnd:
        this.#args.tail_from_end || (wasCorrupt && this.#args.on_positions_file_error === 'restart_from_end'),
      minPollMs: watch?.min_poll_frequency ?? DEFAULT_POLL_MS,
      maxPollMs: watch?.max_poll_frequency ?? DEFAULT_POLL_MS,
      receivers: () => this.#args.forward_to,
      commit: (place: FilePlace) => this.#positions.set({ path, labels: text, value: placeText(place) }),
      onRead: (bytes, lines) => {
        this.#readBytes.inc({ path }, bytes)
        this.#readLines.inc({ path }, lines)
      },
    }
    const tailer =
      decompression?.enabled === true
        ? readCompressedFile(options, decompression.format as CompressionFormat, decompression.initial_delay)
        : startFileTailer(options)
    this.#tailers.set(key, tailer)
    // A compressed file is read once, so its reader stays in the table when it has finished.
    if (decompression?.enabled === true) return
    tailer.finished.then(() => {
      if (this.#tailers.get(key) === tailer) this.#tailers.delete(key)
      this.#wake.abort()
    })
  }

  /** Places of files that are gone are forgotten, once nobody reads them any more. */
  async #forgetLostFiles(): Promise<void> {
    for (const [key, { path }] of [...this.#positions.all()]) {
      if (this.#tailers.has(key)) continue
      const isThere = await stat(path).then(
        () => true,
        () => false,
      )
      if (!isThere) this.#positions.remove(key)
    }
  }

  #registerGauges(): void {
    const tailers = this.#tailers
    const registers = [this.#context.metrics]
    new Gauge({
      ...{ name: 'loki_source_file_files_active_total', help: 'Files being read.', registers },
      collect() {
        this.set(tailers.size)
      },
    })
    new Gauge({
      ...{
        name: 'loki_source_file_file_bytes_total',
        help: 'Sizes of the files.',
        labelNames: ['path'],
        registers,
      },
      collect() {
        this.reset()
        for (const tailer of tailers.values()) {
          const { path } = tailer.info()
          const size = statSync(path, { throwIfNoEntry: false })?.size
          if (size !== undefined) this.set({ path }, size)
        }
      },
    })
  }
}

function tailerKey(path: string, labels: string): string {
  return `${path}\n${labels}`
}

async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  )
}

async function isRecent(path: string, maxAgeMs: number): Promise<boolean> {
  if (maxAgeMs <= 0) return true
  return stat(path).then(
    ({ mtimeMs }) => Date.now() - mtimeMs <= maxAgeMs,
    () => false,
  )
}
