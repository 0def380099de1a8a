import { parentPort, workerData } from 'node:worker_threads'
import { invariant } from '#base/invariant.ts'
import type { Logger, LogLevel } from '#base/logger.ts'
import { makeAnswerPart } from '#logql/engine/answer-part.ts'
import type { PartTask } from '#logql/engine/parts.ts'
import { makeSharedReader } from '#store/embedded/shared-reader.ts'
import { compileDelete } from '../delete-selection.ts'
import { type FromWorker, sendError, type ToWorker, type WorkerSettings } from './messages.ts'

// The thread that answers parts of queries. It opens segment files to read, those that a task names, and
// touches nothing else.

invariant(parentPort !== null, 'this is a worker thread')
const port = parentPort
const { cacheBytes } = workerData as WorkerSettings

function send(message: FromWorker): void {
  port.postMessage(message)
}

/** Writes where the other thread does. */
function makeForwarding(common: Record<string, unknown>): Logger {
  const logAs =
    (level: LogLevel) =>
    (fields: Record<string, unknown>, message: string): void =>
      send({ kind: 'log', level, fields: { ...common, ...fields }, message })
  return {
    debug: logAs('debug'),
    info: logAs('info'),
    warn: logAs('warn'),
    error: logAs('error'),
    child: (fields) => makeForwarding({ ...common, ...fields }),
  }
}

const logger = makeForwarding({})
const reader = makeSharedReader({
  cacheBytes,
  logger,
  compileDelete,
  onCorrupt: (corrupt) => send({ kind: 'corrupt', corrupt }),
})
const answerPart = makeAnswerPart(reader.read)
const wanted = new Map<number, AbortController>()
let before: Promise<void> = Promise.resolve()

async function answer(id: number, task: PartTask, signal: AbortSignal): Promise<void> {
  try {
    signal.throwIfAborted()
    send({ kind: 'answer', id, answer: await answerPart(task, signal) })
  } catch (thrown) {
    send({ kind: 'error', id, error: sendError(thrown) })
  } finally {
    wanted.delete(id)
    if (wanted.size === 0) reader.closeFiles()
  }
}

port.on('message', (message: ToWorker) => {
  if (message.kind === 'abort') {
    wanted.get(message.id)?.abort(new Error('the answer is no longer wanted'))
    return
  }
  const abort = new AbortController()
  wanted.set(message.id, abort)
  before = before.then(() => answer(message.id, message.task, abort.signal))
})
