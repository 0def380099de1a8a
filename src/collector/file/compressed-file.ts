import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Labels } from '#base/labels.ts'
import { orderDeliveries } from '../delivery-order.ts'
import { fanOut } from '../fan-out.ts'
import { makeLineBatcher, SOURCE_BATCH_LIMITS } from '../line-batcher.ts'
import type { FileTailer, FileTailerOptions } from './file-tailer.ts'
import { makeLineSplitter } from './line-splitter.ts'

/** How a file is compressed, by the names of loki.source.file. */
export type CompressionFormat = 'gz' | 'z'

const NO_METADATA: Labels = []

/** Reads a compressed file once, from the line after its place; places count lines of its content. */
export function readCompressedFile(
  options: FileTailerOptions,
  format: CompressionFormat,
  delayMs: number,
): FileTailer {
  const stopping = new AbortController()
  const skipLines = options.start?.offset ?? 0
  let lines = 0
  let lastError = ''
  const order = orderDeliveries((offset: number) => options.commit({ offset, signature: undefined }))
  const batcher = makeLineBatcher(
    SOURCE_BATCH_LIMITS,
    async ([entries]) => {
      const delivery = order.track(lines)
      await fanOut(options.receivers(), { labels: options.labels, entries, delivery })
    },
    (error) => stopping.abort(error),
  )
  const splitter = makeLineSplitter(options.encoding, true, (line, sizeBytes) => {
    if (++lines <= skipLines) return
    options.onRead(sizeBytes, 1)
    batcher.add(0, { tsMs: Date.now(), tsNs: lines % 1_000_000, line, metadata: NO_METADATA })
  })
  const read = async (): Promise<void> => {
    try {
      await sleep(delayMs, undefined, { signal: stopping.signal })
      // Taken here, since loading it costs memory that hardly any collector needs.
      const { createGunzip, createInflate } = process.getBuiltinModule('node:zlib')
      const unpack = format === 'gz' ? createGunzip() : createInflate()
      await pipeline(createReadStream(options.path), unpack, async (chunks: AsyncIterable<Buffer>) => {
        for await (const chunk of chunks) {
          splitter.push(chunk)
          if (batcher.full) await batcher.flush()
          stopping.signal.throwIfAborted()
        }
      })
      splitter.finish()
      await batcher.flush()
    } catch (error) {
      if (stopping.signal.aborted) return
      lastError = error instanceof Error ? error.message : String(error)
      options.logger.error(
        { path: options.path, error: lastError },
        'a compressed file could not be read to its end',
      )
      await batcher.flush().catch(() => undefined)
    }
  }
  const finished = read()
  return {
    labels: options.labels,
    finished,
    release: () => undefined,
    async stop(settleMs) {
      stopping.abort()
      await finished
      batcher.clear()
      await order.settled(settleMs)
    },
    info: () => ({ path: options.path, offset: lines, lastError }),
  }
}
