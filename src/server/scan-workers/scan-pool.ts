import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { errorMessage, OperatorError } from '#base/errors.ts'
import type { Logger } from '#base/logger.ts'
import type { PartAnswer, PartTask } from '#logql/engine/parts.ts'
import type { CorruptBlock } from '#store/scan-plan.ts'
import { type FromWorker, receiveError, type ToWorker, type WorkerSettings } from './messages.ts'

/** What a pool is made of. */
export interface ScanPoolOptions {
  /** Threads at most; at least 1. They are started when they are first needed. */
  readonly threads: number
  /** Blocks and filters that all of them together keep. */
  readonly cacheBytes: number
  readonly logger: Logger
  /** Told of blocks that a thread cannot read. */
  onCorrupt?(corrupt: CorruptBlock): void
  /** Threads that nobody has needed for so long end, with what they keep. Default half a minute. */
  readonly idleMs?: number
  /** The program of the threads; for tests. */
  readonly entry?: string
}

/** Threads that answer parts of queries. */
export interface ScanPool {
  readonly threads: number
  /** How many more parts are taken now: each thread has one in work and one waiting. */
  room(): number
  /**
   * Answers a part. Settles once no thread works on it any more.
   * @throws LogqlError as the query would; the signal's reason; OperatorError `scan_worker` where the thread
   * has ended
   */
  run(task: PartTask, signal: AbortSignal): Promise<PartAnswer>
  /** Threads that run now. */
  readonly running: number
  /** Ends all threads; what they work on fails. */
  close(): Promise<void>
}

interface Pending {
  settle(answer: PartAnswer): void
  fail(error: unknown): void
  readonly signal: AbortSignal
  onAbort(): void
}

interface Thread {
  readonly worker: Worker
  readonly pending: Map<number, Pending>
  idle: NodeJS.Timeout | undefined
}

const TASKS_PER_THREAD = 2

/** Heap of a thread, megabytes: what a query may hold at most, twice, and the program. */
const MAX_HEAP_MB = 640

/** Makes a pool; no thread runs yet. */
export function makeScanPool(options: ScanPoolOptions): ScanPool {
  const { threads: most, idleMs = 30_000 } = options
  const threads = new Set<Thread>()
  let nextId = 0
  let isClosed = false

  const drop = (thread: Thread, why: string): void => {
    threads.delete(thread)
    clearTimeout(thread.idle)
    for (const one of thread.pending.values()) one.fail(endedError(why))
    thread.pending.clear()
  }
  const start = (): Thread => {
    const thread = startThread(options, drop, (ended) => {
      clearTimeout(ended.idle)
      if (ended.pending.size === 0) ended.idle = setTimeout(() => end(ended), idleMs).unref()
    })
    threads.add(thread)
    return thread
  }
  const end = (thread: Thread): Promise<number> => {
    drop(thread, 'the server is closing')
    return thread.worker.terminate()
  }
  /** The thread with the least to do, a new one where all have some. */
  const choose = (): Thread => {
    let chosen: Thread | undefined
    for (const thread of threads) {
      if (chosen === undefined || thread.pending.size < chosen.pending.size) chosen = thread
    }
    if (chosen === undefined || (chosen.pending.size > 0 && threads.size < most)) return start()
    return chosen
  }
  return {
    threads: most,
    get running() {
      return threads.size
    },
    room() {
      let pending = 0
      for (const thread of threads) pending += thread.pending.size
      return isClosed ? 0 : most * TASKS_PER_THREAD - pending
    },
    async run(task, signal) {
      signal.throwIfAborted()
      if (isClosed) throw endedError('the server is closing')
      return await give(choose(), nextId++, task, signal)
    },
    async close() {
      isClosed = true
      await Promise.all([...threads].map(end))
    },
  }
}

/** Hands a task to a thread. */
function give(thread: Thread, id: number, task: PartTask, signal: AbortSignal): Promise<PartAnswer> {
  const { worker, pending } = thread
  clearTimeout(thread.idle)
  return new Promise<PartAnswer>((settle, fail) => {
    const onAbort = (): void => worker.postMessage({ kind: 'abort', id } satisfies ToWorker)
    pending.set(id, { settle, fail, signal, onAbort })
    signal.addEventListener('abort', onAbort, { once: true })
    worker.postMessage({ kind: 'task', id, task } satisfies ToWorker)
  })
}

function startThread(
  { threads, cacheBytes, logger, onCorrupt, entry = findEntry() }: ScanPoolOptions,
  drop: (thread: Thread, why: string) => void,
  onSettled: (thread: Thread) => void,
): Thread {
  const settings: WorkerSettings = { cacheBytes: Math.floor(cacheBytes / threads) }
  const worker = new Worker(entry, {
    name: 'logboom-scan',
    workerData: settings,
    resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB },
  })
  worker.unref()
  const thread: Thread = { worker, pending: new Map(), idle: undefined }
  const take = (id: number): Pending | undefined => {
    const one = thread.pending.get(id)
    thread.pending.delete(id)
    one?.signal.removeEventListener('abort', one.onAbort)
    onSettled(thread)
    return one
  }
  worker.on('message', (message: FromWorker) => {
    if (message.kind === 'log') logger[message.level](message.fields, message.message)
    else if (message.kind === 'corrupt') onCorrupt?.(message.corrupt)
    else if (message.kind === 'answer') take(message.id)?.settle(message.answer)
    else {
      const one = take(message.id)
      one?.fail(one.signal.aborted ? one.signal.reason : receiveError(message.error))
    }
  })
  worker.on('error', (error: unknown) => {
    const why = errorMessage(error)
    logger.error({ error: why }, 'a scan thread has ended; its queries fail, the next gets a new one')
    drop(thread, why)
  })
  worker.on('exit', (code) => drop(thread, `it exited with ${code}`))
  return thread
}

function endedError(why: string): OperatorError {
  return new OperatorError(
    'scan_worker',
    `a thread that read a part of the query has ended: ${why}. ` +
      'Ask again; with --scan-workers=0 queries do without threads.',
  )
}

/** The thread's program: beside this one in the sources, or beside the bundle or its folder of chunks. */
function findEntry(): string {
  const places = ['scan-worker.ts', 'scan-worker.js', '../scan-worker.js']
  const candidates = places.map((path) => join(import.meta.dirname, path))
  const found = candidates.find((path) => existsSync(path))
  if (found === undefined) throw new OperatorError('scan_worker', `none of ${candidates.join(', ')} exists`)
  return found
}
