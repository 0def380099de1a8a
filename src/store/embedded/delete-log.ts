import { randomBytes } from 'node:crypto'
import { dirname } from 'node:path'
import { errorMessage, OperatorError } from '#base/errors.ts'
import type { Logger } from '#base/logger.ts'
import type { CancelResult, DeleteRequest, DeleteSelection, DeleteSpec, LogDeletes } from '../delete-types.ts'
import { errorCode, syncDir, writeError, writeFully } from './disk.ts'
import type { FileSystem } from './file-system.ts'
import { deletesPath } from './paths.ts'

/** Whether a tenant's deletes count, and whether rows also go from disk (Loki's `deletion_mode`). */
export type DeletionMode = 'disabled' | 'filter-only' | 'filter-and-delete'

/** What the requests of a store depend on. */
export interface DeleteLogOptions {
  readonly dir: string
  readonly fs: FileSystem
  readonly logger: Logger
  clock(): number
  /** How long after its creation a request can be cancelled and its rows are kept, milliseconds. */
  readonly cancelPeriodMs: number
  mode(tenant: string): DeletionMode
  /** What a query means. @throws Error where it is none */
  compile(query: string): DeleteSelection | Promise<DeleteSelection>
}

/** A request whose rows are hidden. */
export interface ActiveDelete {
  readonly tenant: string
  readonly request: DeleteRequest
  readonly selection: DeleteSelection
}

interface Kept {
  readonly tenant: string
  request: DeleteRequest
  /** When its last row went, or undefined. */
  processedMs: number | undefined
  /** Undefined where this version does not understand the query. */
  readonly selection: DeleteSelection | undefined
}

/** How long a request is still listed once it is done. */
const KEEP_PROCESSED_MS = 30 * 86_400_000
/** Loki's compactor takes a request up a minute after its cancel period. */
const GRACE_MS = 60_000

/** The requests to delete rows, in one small file that is replaced as a whole. docs/formats/deletes.md */
export class DeleteLog implements LogDeletes {
  readonly #options: DeleteLogOptions
  #kept: readonly Kept[] = []
  /** The active ones by tenant; made anew after each change. */
  #active = new Map<string, readonly ActiveDelete[]>()
  #writing: Promise<unknown> = Promise.resolve()

  private constructor(options: DeleteLogOptions) {
    this.#options = options
  }

  /** @throws OperatorError `store_io` where there are requests that cannot be read: their rows would show */
  static async open(options: DeleteLogOptions): Promise<DeleteLog> {
    const log = new DeleteLog(options)
    const path = deletesPath(options.dir)
    let bytes: Uint8Array
    try {
      bytes = await options.fs.readFile(path)
    } catch (thrown) {
      if (errorCode(thrown) === 'ENOENT') return log
      throw thrown
    }
    const kept: Kept[] = []
    for (const each of decodeRequests(bytes, path)) {
      const { processed, query } = each.request
      kept.push({ ...each, selection: processed ? undefined : await log.#compile(query) })
    }
    log.#kept = kept
    return log
  }

  async add(tenant: string, spec: DeleteSpec): Promise<DeleteRequest> {
    const selection = await this.#options.compile(spec.query)
    const taken = new Set(this.#kept.map(({ request }) => request.id))
    let id = randomBytes(4).toString('hex')
    while (taken.has(id)) id = randomBytes(4).toString('hex')
    const createdMs = this.#options.clock()
    const request = { ...spec, id, createdMs, processed: false, percent: 0 }
    await this.#change((kept) => [...kept, { tenant, request, processedMs: undefined, selection }])
    return request
  }

  list(tenant: string): readonly DeleteRequest[] {
    return this.#kept.filter((kept) => kept.tenant === tenant).map(({ request }) => request)
  }

  async cancel(tenant: string, id: string, force: boolean): Promise<CancelResult> {
    const found = this.#kept.find((kept) => kept.tenant === tenant && kept.request.id === id)
    if (found === undefined) return 'unknown'
    const { processed, percent, createdMs } = found.request
    if (processed) return 'processed'
    const isLate = percent > 0 || this.#options.clock() > createdMs + this.#options.cancelPeriodMs
    if (isLate && !force) return 'too_late'
    await this.#change((kept) => kept.filter((other) => other !== found))
    return 'cancelled'
  }

  /** The requests whose rows are hidden now. The array is never changed: it is a snapshot. */
  active(tenant: string): readonly ActiveDelete[] {
    if (this.#kept.length === 0 || this.#options.mode(tenant) === 'disabled') return []
    let active = this.#active.get(tenant)
    if (active === undefined) {
      active = this.#kept.flatMap(({ request, selection, ...kept }) =>
        kept.tenant === tenant && !request.processed && selection !== undefined
          ? [{ tenant, request, selection }]
          : [],
      )
      this.#active.set(tenant, active)
    }
    return active
  }

  /** The requests whose rows are to go from disk, oldest first, at most `limit`. */
  due(limit: number): ActiveDelete[] {
    const { clock, cancelPeriodMs, mode } = this.#options
    const before = clock() - cancelPeriodMs - (cancelPeriodMs > 0 ? GRACE_MS : 0)
    const tenants = [...new Set(this.#kept.map(({ tenant }) => tenant))]
    return tenants
      .filter((tenant) => mode(tenant) === 'filter-and-delete')
      .flatMap((tenant) => this.active(tenant))
      .filter(({ request }) => request.createdMs <= before)
      .sort((a, b) => a.request.createdMs - b.request.createdMs)
      .slice(0, limit)
  }

  /** Numbers of requests, for metrics. */
  counts(): { pending: number; processed: number } {
    const processed = this.#kept.filter(({ request }) => request.processed).length
    return { pending: this.#kept.length - processed, processed }
  }

  /** Whether the request is still wanted: it may be cancelled while its rows are being removed. */
  isWanted(active: ActiveDelete): boolean {
    return this.#kept.some(({ request }) => request.id === active.request.id)
  }

  /** Notes how far requests have come; 100 is done. */
  async advance(percents: ReadonlyMap<string, number>): Promise<void> {
    const nowMs = this.#options.clock()
    await this.#change((all) =>
      all
        .map((kept): Kept => {
          const percent = percents.get(kept.request.id)
          if (percent === undefined || kept.request.processed) return kept
          const processed = percent >= 100
          const request = { ...kept.request, processed, percent: Math.floor(percent) }
          return { ...kept, request, processedMs: processed ? nowMs : undefined }
        })
        .filter(({ processedMs = Infinity }) => processedMs > nowMs - KEEP_PROCESSED_MS),
    )
  }

  async #compile(query: string): Promise<DeleteSelection | undefined> {
    try {
      return await this.#options.compile(query)
    } catch (thrown) {
      this.#options.logger.error(
        { query, error: errorMessage(thrown) },
        'a delete request is not understood by this version: its rows are neither hidden nor removed',
      )
      return undefined
    }
  }

  /** One change after the other; none counts before it is durable. */
  #change(next: (kept: readonly Kept[]) => readonly Kept[]): Promise<void> {
    const change = this.#writing.then(async () => {
      const kept = next(this.#kept)
      await this.#write(kept)
      this.#kept = kept
      this.#active = new Map()
    })
    this.#writing = change.catch(() => undefined)
    return change
  }

  async #write(kept: readonly Kept[]): Promise<void> {
    const { fs, dir } = this.#options
    const path = deletesPath(dir)
    try {
      const file = await fs.open(`${path}.tmp`, 'w')
      try {
        await writeFully(file, encodeRequests(kept), 0)
        await file.sync()
      } finally {
        await file.close()
      }
      await fs.rename(`${path}.tmp`, path)
      await syncDir(fs, dirname(path))
    } catch (thrown) {
      throw writeError('writing the delete requests to', path, thrown)
    }
  }
}

type Written = Pick<Kept, 'tenant' | 'request' | 'processedMs'>

function encodeRequests(kept: readonly Kept[]): Uint8Array {
  const requests = kept.map(({ tenant, request, processedMs }) => ({ tenant, ...request, processedMs }))
  return Buffer.from(`${JSON.stringify({ version: 1, requests }, undefined, 1)}\n`)
}

function decodeRequests(bytes: Uint8Array, path: string): Written[] {
  try {
    const file = JSON.parse(Buffer.from(bytes).toString()) as { version?: unknown; requests?: unknown }
    if (file.version !== 1 || !Array.isArray(file.requests)) throw new Error('it has another format')
    return file.requests.map(decodeRequest)
  } catch (thrown) {
    throw new OperatorError(
      'store_io',
      `the delete requests in ${path} cannot be read: ${errorMessage(thrown)}. Put back a good copy; ` +
        'without the file the store opens, but rows that were to be deleted are found again.',
      { cause: thrown },
    )
  }
}

function decodeRequest(value: unknown): Written {
  const fields = value as Record<string, unknown>
  const numbers = ['fromMs', 'fromNs', 'toMs', 'toNs', 'createdMs', 'percent'] as const
  const isWhole =
    numbers.every((name) => typeof fields[name] === 'number') &&
    ['id', 'tenant', 'query'].every((name) => typeof fields[name] === 'string') &&
    typeof fields.processed === 'boolean'
  if (!isWhole) throw new Error('a request is incomplete')
  const { tenant, processedMs, ...request } = fields as unknown as DeleteRequest & Written
  return { tenant, request, processedMs }
}
