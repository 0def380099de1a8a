import { type PushBody, readPushBody } from '#kernels/push-body.ts'
import { type Loaded, loaded } from '#kernels/wasm.ts'
import { announcedLength, type BodyLimits } from './body.ts'
import { readMetadata } from './decode-protobuf.ts'
import type { DraftBatch, DraftStream } from './draft-batch.ts'
import { parseLabelsText } from './labels-text.ts'
import type { Scratch } from './scratch.ts'

/** Bytes per row of a draft: an f64 and five u32. */
const ROW_BYTES = 28

/**
 * Decodes a snappy block of protobuf by the kernel, into memory borrowed at once for everything and added to
 * `leases`. `undefined` for what is damaged, too large for the limits or unusual: the way that is taken then
 * knows what to say to it.
 * @throws PushError when pushes hold too much memory
 */
export function draftByKernel(
  block: Buffer,
  limits: BodyLimits,
  scratch: Scratch,
  leases: Buffer[],
  kernels: Loaded = loaded,
): DraftBatch | undefined {
  const { length, at } = announcedLength(block)
  if (length < 0 || length > limits.decompressedBytes) return undefined
  const body = readPushBody(block, at, length, kernels)
  if (body === undefined) return undefined
  const rows = body.ms.length
  const rowsBytes = rows * ROW_BYTES
  const lease = scratch.borrow(rowsBytes + body.lines.length + body.text.length)
  leases.push(lease)
  const bytes = lease.subarray(rowsBytes, rowsBytes + body.lines.length + body.text.length)
  bytes.set(body.lines)
  // Levels are found where the lines lie already.
  if (kernels.wasm !== undefined) kernels.wasm.bodyHolder = bytes
  bytes.set(body.text, body.lines.length)
  const column = (number: number) =>
    new Uint32Array(lease.buffer, lease.byteOffset + rows * (8 + 4 * number), rows)
  const draft = {
    bytes,
    rows,
    tsMs: new Float64Array(lease.buffer, lease.byteOffset, rows),
    tsNs: column(0),
    lineFrom: column(1),
    lineTo: column(2),
    metaFrom: column(3),
    metaTo: column(4),
    streams: streamsOf(body, bytes),
    readMetadata,
  }
  fillRows(draft, body)
  return draft
}

function fillRows(draft: DraftBatch, body: PushBody): void {
  const { rows, lineFrom, metaFrom, metaTo } = draft
  if (rows === 0) return
  draft.tsMs.set(body.ms)
  draft.tsNs.set(body.ns)
  draft.lineTo.set(body.lineTo)
  lineFrom[0] = 0
  lineFrom.set(body.lineTo.subarray(0, rows - 1), 1)
  // The text lies behind the lines.
  const shift = body.lines.length
  for (let row = 0; row < rows; row++) {
    const has = body.metaTo[row] > 0
    metaFrom[row] = has ? body.metaFrom[row] + shift : 0
    metaTo[row] = has ? body.metaTo[row] + shift : 0
  }
}

function streamsOf({ streams, lines }: PushBody, bytes: Buffer): DraftStream[] {
  const all: DraftStream[] = []
  for (let i = 0; i < streams.length; i += 4) {
    const [from, to] = [streams[i + 2] + lines.length, streams[i + 3] + lines.length]
    const key = bytes.toString('latin1', from, to)
    const pairs = () => parseLabelsText(bytes.toString('utf8', from, to))
    all.push({ labels: { key, pairs }, from: streams[i], to: streams[i + 1] })
  }
  return all
}
