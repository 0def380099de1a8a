import type { IncomingMessage } from 'node:http'
import { promisify } from 'node:util'
import { gunzip, inflateRaw } from 'node:zlib'
import { countGarbage } from '#base/young-garbage.ts'
import { PushError } from './push-error.ts'
import type { Scratch } from './scratch.ts'
import { uncompressInto } from './snappy-block.ts'

/** How large bodies may be, in bytes: as received, and after decompression. */
export interface BodyLimits {
  readonly receivedBytes: number
  readonly decompressedBytes: number
}

/**
 * Reads a whole request body into borrowed memory; `lease` is what to give back, `body` the part that is
 * filled.
 * @throws PushError 413 as soon as it is known to be larger than `maxBytes`; 400 if the client stops half-way
 */
export async function readBody(
  request: IncomingMessage,
  maxBytes: number,
  scratch: Scratch,
): Promise<{ body: Buffer; lease: Buffer }> {
  const announced = Number(request.headers['content-length'] ?? Number.NaN)
  if (announced > maxBytes) throw tooLarge('message', announced, maxBytes)
  // A client may announce much and send little, so memory grows with what has come in.
  let lease = scratch.borrow(Math.min(Number.isNaN(announced) ? 0 : announced, 4 * 2 ** 20))
  let received = 0
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      if (received + chunk.length > maxBytes) throw tooLarge('message', received + chunk.length, maxBytes)
      if (received + chunk.length > lease.length) lease = enlarged(lease, received, chunk.length, scratch)
      chunk.copy(lease, received)
      received += chunk.length
    }
    if (!Number.isNaN(announced) && received < announced) throw new PushError(400, 'unexpected EOF')
  } catch (error) {
    scratch.release(lease)
    throw error
  }
  // The pieces it came in.
  countGarbage(received)
  return { body: lease.subarray(0, received), lease }
}

function enlarged(lease: Buffer, used: number, more: number, scratch: Scratch): Buffer {
  const larger = scratch.borrow(Math.max(lease.length * 2, used + more))
  lease.copy(larger, 0, 0, used)
  scratch.release(lease)
  return larger
}

/** Loki's 413. */
export function tooLarge(what: string, got: number, limit: number): PushError {
  return new PushError(413, `request body too large: ${what} size too large than max (${got} vs ${limit})`)
}

/** Decompressed sizes below this are never taken for a bomb. */
const UNSUSPICIOUS_BYTES = 32 * 2 ** 20

/** Text of logs compresses 5 to 30 times; far beyond that, a body is made to exhaust memory. */
const MAX_RATIO = 50

/** The most bytes that a body of this size may inflate to. */
export function inflatedLimit(receivedBytes: number, limits: BodyLimits): number {
  return Math.min(limits.decompressedBytes, Math.max(UNSUSPICIOUS_BYTES, receivedBytes * MAX_RATIO))
}

const gunzipAsync = promisify(gunzip)
const inflateRawAsync = promisify(inflateRaw)

/**
 * Undoes `Content-Encoding`, as Loki understands it: `gzip`, `deflate` (raw), `snappy` (no layer of its own).
 * @throws PushError 400 for other encodings and broken data, 413 when the limit is passed
 */
export async function decodeContent(body: Buffer, encoding: string, limits: BodyLimits): Promise<Buffer> {
  if (encoding === '' || encoding === 'identity' || encoding === 'snappy') return body
  const maxOutputLength = inflatedLimit(body.length, limits)
  try {
    if (encoding === 'gzip') return await gunzipAsync(body, { maxOutputLength })
    if (encoding === 'deflate') return await inflateRawAsync(body, { maxOutputLength })
  } catch (error) {
    throw inflateFault(error as NodeJS.ErrnoException, encoding, maxOutputLength)
  }
  throw new PushError(400, `Content-Encoding ${JSON.stringify(encoding)} not supported`)
}

function inflateFault(error: NodeJS.ErrnoException, encoding: string, limit: number): PushError {
  if (error.code === 'ERR_BUFFER_TOO_LARGE') return tooLarge('decompressed message', limit + 1, limit)
  if (encoding === 'deflate') return new PushError(400, 'EOF')
  if (error.code === 'Z_BUF_ERROR') return new PushError(400, 'unexpected EOF')
  return new PushError(
    400,
    /checksum|incorrect data check/.test(error.message) ? 'gzip: invalid checksum' : 'gzip: invalid header',
  )
}

/** Snappy's densest element gives 64 bytes for 3. */
const SNAPPY_MAX_RATIO = 22

/**
 * Uncompresses a snappy block (not the framed format) into borrowed memory.
 * @throws PushError 400 `snappy: corrupt input`, 413 when the block announces more than the limit
 */
export function uncompressSnappy(
  body: Buffer,
  limits: BodyLimits,
  scratch: Scratch,
): { body: Buffer; lease: Buffer } {
  const { length, at } = announcedLength(body)
  if (length < 0 || length > (body.length + 8) * SNAPPY_MAX_RATIO)
    throw new PushError(400, 'snappy: corrupt input')
  if (length > limits.decompressedBytes)
    throw tooLarge('decompressed message', length, limits.decompressedBytes)
  const lease = scratch.borrow(length)
  if (uncompressInto(body, at, lease, length) < 0) {
    scratch.release(lease)
    throw new PushError(400, 'snappy: corrupt input')
  }
  return { body: lease.subarray(0, length), lease }
}

/** The uncompressed length that a snappy block begins with, -1 for none, and where the elements begin. */
export function announcedLength(body: Buffer): { length: number; at: number } {
  let length = 0
  for (let i = 0; i < 5 && i < body.length; i++) {
    length += (body[i] & 0x7f) * 128 ** i
    if (body[i] < 0x80) return { length: length <= 0xffff_ffff ? length : -1, at: i + 1 }
  }
  return { length: -1, at: 0 }
}

/**
 * The media type of a `Content-Type`, in lower case, parameters left off.
 * @throws PushError 400 with the texts of Go's mime package
 */
export function mediaType(header: string | undefined): string {
  const type = (header ?? '').split(';')[0].trim().toLowerCase()
  const token = /^[!#$%&'*+\-.^_`|~0-9a-z]+/
  const first = token.exec(type)
  if (first === null) throw new PushError(400, 'mime: no media type')
  const rest = type.slice(first[0].length)
  if (rest === '') return type
  if (!rest.startsWith('/')) throw new PushError(400, 'mime: expected slash after first token')
  const second = token.exec(rest.slice(1))
  if (second === null) throw new PushError(400, 'mime: expected token after slash')
  if (second[0].length !== rest.length - 1)
    throw new PushError(400, 'mime: unexpected content after media subtype')
  return type
}
