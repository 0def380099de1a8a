import { addRow, type DraftBatch, makeDraft } from './draft-batch.ts'
import { parseLabelsText } from './labels-text.ts'
import { type Cursor, readLength, readSigned, readVarint, skipField } from './protobuf-reader.ts'

/**
 * Decodes an uncompressed `logproto.PushRequest` into spans of its own bytes.
 * Field numbers: https://grafana.com/docs/loki/latest/reference/loki-http-api/#ingest-logs and the
 * push.proto it names.
 * @throws PushError 400 for anything that is not such a message
 */
export function decodeProtobufPush(bytes: Buffer): DraftBatch {
  const draft = makeDraft(bytes, readMetadata, bytes.length >>> 7)
  const cursor: Cursor = { bytes, at: 0 }
  while (cursor.at < bytes.length) {
    const tag = readVarint(cursor, bytes.length)
    if (tag === 10) readStream(cursor, readLength(cursor, bytes.length), draft)
    else skipField(cursor, tag, bytes.length)
  }
  return draft
}

function readStream(cursor: Cursor, end: number, draft: DraftBatch): void {
  const from = draft.rows
  let labelsFrom = 0
  let labelsTo = 0
  while (cursor.at < end) {
    const tag = readVarint(cursor, end)
    if (tag === 18) {
      readEntry(cursor, readLength(cursor, end), draft)
    } else if (tag === 10) {
      labelsTo = readLength(cursor, end)
      labelsFrom = cursor.at
      cursor.at = labelsTo
    } else {
      skipField(cursor, tag, end)
    }
  }
  const { bytes } = cursor
  const key = bytes.toString('latin1', labelsFrom, labelsTo)
  const pairs = (): (readonly [string, string])[] =>
    parseLabelsText(bytes.toString('utf8', labelsFrom, labelsTo))
  draft.streams.push({ labels: { key, pairs }, from, to: draft.rows })
}

function readEntry(cursor: Cursor, end: number, draft: DraftBatch): void {
  const row = addRow(draft)
  // A message without timestamp is the zero of Go's time: year 1, which is always too old.
  draft.tsMs[row] = -62_135_596_800_000
  draft.tsNs[row] = 0
  draft.lineFrom[row] = 0
  draft.lineTo[row] = 0
  draft.metaFrom[row] = 0
  draft.metaTo[row] = 0
  while (cursor.at < end) {
    const tagAt = cursor.at
    const tag = readVarint(cursor, end)
    if (tag === 10) {
      readTimestamp(cursor, readLength(cursor, end), draft, row)
    } else if (tag === 18) {
      const to = readLength(cursor, end)
      draft.lineFrom[row] = cursor.at
      draft.lineTo[row] = to
      cursor.at = to
    } else if (tag === 26) {
      const to = readLength(cursor, end)
      if (draft.metaTo[row] === 0) draft.metaFrom[row] = tagAt
      draft.metaTo[row] = to
      cursor.at = to
    } else {
      skipField(cursor, tag, end)
    }
  }
}

function readTimestamp(cursor: Cursor, end: number, draft: DraftBatch, row: number): void {
  let seconds = 0
  let nanos = 0
  while (cursor.at < end) {
    const tag = readVarint(cursor, end)
    if (tag === 8) seconds = readSigned(cursor, end)
    else if (tag === 16) nanos = readSigned(cursor, end)
    else skipField(cursor, tag, end)
  }
  const wholeMs = Math.floor(nanos / 1_000_000)
  draft.tsMs[row] = seconds * 1000 + wholeMs
  draft.tsNs[row] = nanos - wholeMs * 1_000_000
}

/** Metadata pairs of the span between the first and the last of an entry's `structuredMetadata` fields. */
export function readMetadata(bytes: Buffer, from: number, to: number): (readonly [string, string])[] {
  const cursor: Cursor = { bytes, at: from }
  const pairs: (readonly [string, string])[] = []
  while (cursor.at < to) {
    const tag = readVarint(cursor, to)
    if (tag === 26) pairs.push(readPair(cursor, readLength(cursor, to)))
    else skipField(cursor, tag, to)
  }
  return pairs
}

function readPair(cursor: Cursor, end: number): readonly [string, string] {
  let name = ''
  let value = ''
  while (cursor.at < end) {
    const tag = readVarint(cursor, end)
    if (tag !== 10 && tag !== 18) {
      skipField(cursor, tag, end)
      continue
    }
    const to = readLength(cursor, end)
    const text = cursor.bytes.toString('utf8', cursor.at, to)
    if (tag === 10) name = text
    else value = text
    cursor.at = to
  }
  return [name, value]
}
