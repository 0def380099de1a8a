import type { Labels } from '#base/labels.ts'
import { makeBufferPool } from '../buffer-pool.ts'
import type { Delivery, LogEntry } from '../pipeline.ts'

/** One stream of a batch: its entries, already encoded, one after the other. */
interface StreamBuffer {
  bytes: Buffer
  length: number
}

const FIRST_STREAM_BYTES = 4096
/** Enough for the batches of one busy endpoint. */
const POOL_BYTES = 8 * 1024 * 1024
/** Memory of batches and of the requests made of them. */
export const pushPool = makeBufferPool(POOL_BYTES)
/** Room for the tags, lengths and the time stamp of an entry. */
const ENTRY_OVERHEAD_BYTES = 48
const PAIR_OVERHEAD_BYTES = 18

/**
 * Entries on their way to one endpoint, kept in the form they are sent in: Loki's `logproto.PushRequest`.
 * Encoding on arrival means that a waiting batch holds its bytes and nothing else.
 */
export class PushBatch {
  readonly tenant: string
  /** When the first entry came, in milliseconds since the epoch. */
  readonly createdMs: number
  /** Bytes of lines and structured metadata: what `batch_size` counts. */
  sizeBytes = 0
  entries = 0
  /** When the newest entry was written, in milliseconds since the epoch. */
  newestMs = 0
  readonly #streams = new Map<string, StreamBuffer>()
  readonly #deliveries: Delivery[] = []

  constructor(tenant: string, createdMs: number) {
    this.tenant = tenant
    this.createdMs = createdMs
  }

  /** How many different label sets it holds. */
  get streams(): number {
    return this.#streams.size
  }

  hasStream(labels: string): boolean {
    return this.#streams.has(labels)
  }

  /** Adds an entry to the stream of `labels`, the text of its label set. */
  add(labels: string, entry: LogEntry): void {
    let stream = this.#streams.get(labels)
    if (stream === undefined) {
      stream = { bytes: pushPool.take(FIRST_STREAM_BYTES), length: 0 }
      this.#streams.set(labels, stream)
    }
    appendEntry(stream, entry)
    this.sizeBytes += entrySize(entry)
    this.entries++
    if (entry.tsMs > this.newestMs) this.newestMs = entry.tsMs
  }

  /** Has `delivery` wait for this batch. */
  attach(delivery: Delivery): void {
    delivery.holdCopy()
    this.#deliveries.push(delivery)
  }

  /** Tells the sources that the batch has arrived, or was dropped on purpose. */
  done(): void {
    for (const delivery of this.#deliveries.splice(0)) delivery.doneCopy()
  }

  /** Makes the push request and has `use` read it, before its bytes are used again. Gives up the entries. */
  encodeFor<Result>(use: (request: Uint8Array) => Result): Result {
    const heads = [...this.#streams].map(([labels, { length }]) => streamHead(labels, length))
    let total = 0
    for (const head of heads) total += head.length
    for (const { length } of this.#streams.values()) total += length
    const out = pushPool.take(total)
    let at = 0
    let index = 0
    for (const stream of this.#streams.values()) {
      const head = heads[index++]
      out.set(head, at)
      at += head.length
      at += stream.bytes.copy(out, at, 0, stream.length)
      pushPool.give(stream.bytes)
    }
    this.#streams.clear()
    try {
      return use(out.subarray(0, total))
    } finally {
      pushPool.give(out)
    }
  }
}

/** `streams = 1`, and in it `labels = 1` of `StreamAdapter`; the entries follow. */
function streamHead(labels: string, entryBytes: number): Buffer {
  const labelBytes = Buffer.byteLength(labels)
  const labelField = 1 + varintBytes(labelBytes) + labelBytes
  const head = Buffer.allocUnsafe(1 + varintBytes(labelField + entryBytes) + labelField)
  let at = writeVarint(head, writeByte(head, 0, 0x0a), labelField + entryBytes)
  at = writeVarint(head, writeByte(head, at, 0x0a), labelBytes)
  head.write(labels, at)
  return head
}

/** Bytes of a line and its structured metadata, as `batch_size` counts them. */
export function entrySize(entry: LogEntry): number {
  let size = typeof entry.line === 'string' ? Buffer.byteLength(entry.line) : entry.line.length
  for (const [name, value] of entry.metadata) size += name.length + value.length
  return size
}

/**
 * The text of a label set as a stream is named in a push request, without the labels that start with `__`.
 */
export function publicLabels(labels: Labels, external: Labels): Labels {
  const own = labels.filter(([name]) => !name.startsWith('__'))
  const names = new Set(own.map(([name]) => name))
  const added = external.filter(([name]) => !names.has(name))
  if (added.length === 0) return own
  return [...own, ...added].sort(([a], [b]) => (a < b ? -1 : 1))
}

/** Field 2 of `StreamAdapter`: `EntryAdapter { timestamp = 1, line = 2, structuredMetadata = 3 }`. */
function appendEntry(stream: StreamBuffer, entry: LogEntry): void {
  const { line, metadata } = entry
  const lineBytes = typeof line === 'string' ? Buffer.byteLength(line) : line.length
  const seconds = Math.floor(entry.tsMs / 1000)
  const nanos = (entry.tsMs - seconds * 1000) * 1_000_000 + entry.tsNs
  const timeBytes = 1 + varintBytes(seconds) + (nanos === 0 ? 0 : 1 + varintBytes(nanos))
  let entryBytes = 2 + timeBytes + 1 + varintBytes(lineBytes) + lineBytes
  for (const pair of metadata) {
    const pairBytes = metadataBytes(pair)
    entryBytes += 1 + varintBytes(pairBytes) + pairBytes
  }
  reserve(stream, entryBytes + ENTRY_OVERHEAD_BYTES + metadata.length * PAIR_OVERHEAD_BYTES)
  const out = stream.bytes
  let at = writeVarint(out, writeByte(out, stream.length, 0x12), entryBytes)
  at = writeVarint(out, writeByte(out, at, 0x0a), timeBytes)
  at = writeVarint(out, writeByte(out, at, 0x08), seconds)
  if (nanos !== 0) at = writeVarint(out, writeByte(out, at, 0x10), nanos)
  at = writeVarint(out, writeByte(out, at, 0x12), lineBytes)
  if (typeof line === 'string') at += out.write(line, at)
  else {
    out.set(line, at)
    at += lineBytes
  }
  for (const pair of metadata) at = writeMetadata(out, at, pair)
  stream.length = at
}

/** `LabelPairAdapter { name = 1, value = 2 }`. */
function metadataBytes([name, value]: readonly [string, string]): number {
  const nameBytes = Buffer.byteLength(name)
  const valueBytes = Buffer.byteLength(value)
  return 2 + varintBytes(nameBytes) + nameBytes + varintBytes(valueBytes) + valueBytes
}

function writeMetadata(out: Buffer, at: number, pair: readonly [string, string]): number {
  at = writeVarint(out, writeByte(out, at, 0x1a), metadataBytes(pair))
  for (const [index, text] of pair.entries()) {
    at = writeVarint(out, writeByte(out, at, index === 0 ? 0x0a : 0x12), Buffer.byteLength(text))
    at += out.write(text, at)
  }
  return at
}

function reserve(stream: StreamBuffer, moreBytes: number): void {
  const needed = stream.length + moreBytes
  if (needed <= stream.bytes.length) return
  const grown = pushPool.take(Math.max(needed, stream.bytes.length * 2))
  stream.bytes.copy(grown, 0, 0, stream.length)
  pushPool.give(stream.bytes)
  stream.bytes = grown
}

function writeByte(out: Buffer, at: number, byte: number): number {
  out[at] = byte
  return at + 1
}

/** Length of a protobuf varint; negative numbers are 64-bit two's complement and take ten bytes. */
function varintBytes(value: number): number {
  if (value < 0) return 10
  let length = 1
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) length++
  return length
}

function writeVarint(out: Buffer, at: number, value: number): number {
  if (value < 0) {
    let rest = BigInt.asUintN(64, BigInt(value))
    for (let i = 0; i < 9; i++, rest >>= 7n) out[at++] = Number(rest & 0x7fn) | 0x80
    out[at++] = Number(rest)
    return at
  }
  let rest = value
  while (rest >= 0x80) {
    out[at++] = (rest % 0x80) | 0x80
    rest = Math.floor(rest / 0x80)
  }
  out[at++] = rest
  return at
}
