import { createReadStream, statSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { errorMessage, OperatorError } from '#base/errors.ts'

/** A file, or standard input, as lines. */
export interface LineSource {
  /** A path, or `-`. */
  readonly name: string
  /** Bytes as they lie on disk; 0 where that is not known. */
  readonly sizeBytes: number
  /** Bytes read so far, of `sizeBytes`. */
  readonly readBytes: number
  /**
   * The lines without their newline.
   * @throws OperatorError `backfill_read` where it cannot be read or unpacked
   */
  lines(): AsyncGenerator<string>
}

const GZIP = [0x1f, 0x8b]
const ZSTD = [0x28, 0xb5, 0x2f, 0xfd]
/** A longer line is cut: without a newline in sight memory must end somewhere. */
const MAX_LINE_CHARS = 16 * 1024 * 1024

/** Opens a path, or standard input for `-`; gzip and zstd are told by their first bytes. */
export function openLines(name: string, stdin: Readable = process.stdin): LineSource {
  let readBytes = 0
  return {
    name,
    sizeBytes: name === '-' ? 0 : fileSize(name),
    get readBytes() {
      return readBytes
    },
    async *lines() {
      const input = name === '-' ? stdin : createReadStream(name, { highWaterMark: 1 << 20 })
      try {
        yield* splitLines(unpacked(input, (bytes) => (readBytes += bytes)))
      } catch (error) {
        throw new OperatorError('backfill_read', `${name}: ${errorMessage(error)}`, { cause: error })
      } finally {
        input.destroy()
      }
    },
  }
}

function fileSize(name: string): number {
  try {
    const stats = statSync(name)
    if (stats.isDirectory()) throw new Error('is a folder; name the files in it')
    return stats.size
  } catch (error) {
    throw new OperatorError('backfill_read', `${name}: ${errorMessage(error)}`, { cause: error })
  }
}

async function* unpacked(
  input: Readable,
  onBytes: (bytes: number) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  const chunks = input[Symbol.asyncIterator]() as AsyncIterator<Buffer | string>
  let head = Buffer.alloc(0)
  while (head.length < ZSTD.length) {
    const next = await chunks.next()
    if (next.done) break
    onBytes(next.value.length)
    head = Buffer.concat([head, Buffer.from(next.value)])
  }
  const rest = async function* (): AsyncGenerator<Buffer> {
    yield head
    for (let next = await chunks.next(); !next.done; next = await chunks.next()) {
      onBytes(next.value.length)
      yield Buffer.from(next.value)
    }
  }
  const begins = (magic: readonly number[]): boolean => magic.every((byte, i) => head[i] === byte)
  if (begins(GZIP)) yield* through(rest(), createGunzip())
  else if (begins(ZSTD)) yield* through(rest(), createZstdDecompress())
  else yield* rest()
}

async function* through(
  bytes: AsyncGenerator<Buffer>,
  unpack: NodeJS.ReadWriteStream & AsyncIterable<Buffer>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { pipeline } = await import('node:stream/promises')
  let fault: unknown
  const feeding = pipeline(bytes, unpack).catch((error: unknown) => {
    fault = error
  })
  yield* unpack
  await feeding
  if (fault !== undefined) throw fault
}

async function* splitLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let open = ''
  for await (const chunk of chunks) {
    open += decoder.decode(chunk, { stream: true })
    const lines = open.split('\n')
    open = lines.pop() ?? ''
    for (const line of lines) yield line.endsWith('\r') ? line.slice(0, -1) : line
    if (open.length > MAX_LINE_CHARS) {
      yield open
      open = ''
    }
  }
  open += decoder.decode()
  if (open !== '') yield open.endsWith('\r') ? open.slice(0, -1) : open
}
