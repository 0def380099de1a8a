import { goQuote } from '#base/goquote.ts'
import { parseTimestamp } from '#base/timestamp.ts'
import { addRow, type DraftBatch, type LabelSource, makeDraft } from './draft-batch.ts'
import {
  foundByte,
  frame,
  type JsonReader,
  JsonShapeError,
  peek,
  readString,
  SHAPE,
  STREAMS,
  skipValue,
} from './json-reader.ts'
import { isLabelName, parseLabelsText } from './labels-text.ts'
import { PushError } from './push-error.ts'

const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const QUOTE = 0x22
const COMMA = 0x2c
const COLON = 0x3a
const N = 0x6e

/**
 * Decodes a JSON push, `{"streams":[{"stream":{…},"values":[["<ns>","<line>",{…}]]}]}`, into spans
 * of
 * its own bytes,
 * undoing escapes in place.
 * @throws PushError 400 with Loki's text for whatever is not of this shape
 */
export function decodeJsonPush(bytes: Buffer): DraftBatch {
  const reader: JsonReader = { bytes, at: 0, from: 0, to: 0 }
  const draft = makeDraft(bytes, readMetadata, bytes.length >>> 8)
  const first = peek(reader)
  if (reader.at === bytes.length) throw new PushError(400, 'EOF')
  if (first === N) {
    expectNull(reader, '')
    return draft
  }
  if (first !== OPEN_BRACE) {
    throw frame(bytes, reader.at + 1, `readObjectStart: expect { or n, but found ${foundByte(first)}`)
  }
  try {
    eachMember(reader, 'loghttp.PushRequest.', () => {
      if (textIs(reader, 'streams')) return () => readStreams(reader, draft)
      return () => skipValue(reader, 'loghttp.PushRequest.')
    })
  } catch (error) {
    if (!(error instanceof JsonShapeError)) throw error
    throw frame(bytes, reader.at, `loghttp.PushRequest.${error.message}`)
  }
  return draft
}

/**
 * Reads an object member by member. After each key, `onKey` may look at it and returns what reads the value.
 */
function eachMember(reader: JsonReader, prefix: string, onKey: () => () => void): void {
  const { bytes } = reader
  reader.at++
  if (peek(reader) === CLOSE_BRACE) {
    reader.at++
    return
  }
  for (;;) {
    const quote = peek(reader)
    if (quote !== QUOTE) {
      const found = quote === 0 ? '\0' : foundByte(quote)
      throw frame(
        bytes,
        Math.min(reader.at + 1, bytes.length),
        `${prefix}readFieldHash: expect ", but found ${found}`,
      )
    }
    readString(reader)
    const readValue = onKey()
    if (peek(reader) !== COLON) throw frame(bytes, reader.at, `${prefix}readFieldHash: expect :`)
    reader.at++
    peek(reader)
    readValue()
    const next = peek(reader)
    reader.at++
    if (next === CLOSE_BRACE) return
    if (next !== COMMA)
      throw frame(bytes, reader.at, `${prefix}ReadObject: expect , or }, but found ${foundByte(next)}`)
  }
}

/** Reads an array item by item; `onItem` stands at the beginning of one. */
function eachItem(reader: JsonReader, prefix: string, onItem: () => void): void {
  reader.at++
  if (peek(reader) === CLOSE_BRACKET) {
    reader.at++
    return
  }
  for (;;) {
    if (peek(reader) === CLOSE_BRACKET) {
      throw frame(reader.bytes, reader.at, `${prefix}Skip: do not know how to skip: 93`)
    }
    onItem()
    const next = peek(reader)
    reader.at++
    if (next === CLOSE_BRACKET) return
    if (next !== COMMA) {
      throw frame(reader.bytes, reader.at, `${prefix}ReadArray: expect , or ], but found ${foundByte(next)}`)
    }
  }
}

function expectNull(reader: JsonReader, prefix: string): void {
  const { bytes, at } = reader
  if (bytes[at + 1] !== 0x75 || bytes[at + 2] !== 0x6c || bytes[at + 3] !== 0x6c) {
    throw frame(bytes, at + 2, `${prefix}skipThreeBytes: expect ull`)
  }
  reader.at = at + 4
}

function textIs(reader: JsonReader, text: string): boolean {
  if (reader.to - reader.from !== text.length) return false
  for (let i = 0; i < text.length; i++) if (reader.bytes[reader.from + i] !== text.charCodeAt(i)) return false
  return true
}

function readStreams(reader: JsonReader, draft: DraftBatch): void {
  const first = peek(reader)
  if (first === N) {
    expectNull(reader, STREAMS)
  } else if (first === OPEN_BRACKET) {
    eachItem(reader, STREAMS, () => readStream(reader, draft))
  } else {
    const message = `${STREAMS}decode slice: expect [ or n, but found ${foundByte(first)}`
    throw frame(reader.bytes, reader.at + 1, message)
  }
}

const NO_LABELS: LabelSource = { key: '', pairs: () => [] }

/** One stream. What is wrong inside is reported at its end, where Loki's outer decoder stands by then. */
function readStream(reader: JsonReader, draft: DraftBatch): void {
  const start = reader.at
  const from = draft.rows
  let labels = NO_LABELS
  try {
    if (peek(reader) !== OPEN_BRACE) throw new JsonShapeError(SHAPE.object)
    eachMember(reader, STREAMS, () => {
      if (textIs(reader, 'stream')) {
        return () => {
          labels = readLabels(reader)
        }
      }
      if (textIs(reader, 'values')) return () => readValues(reader, draft)
      return () => skipValue(reader, STREAMS)
    })
  } catch (error) {
    if (!(error instanceof JsonShapeError)) throw error
    // The bytes up to the fault have been unescaped in place; what is left still has balanced brackets.
    reader.at = Math.max(start, reader.at)
    throw frame(reader.bytes, endOfStream(reader, start), `${STREAMS}unmarshalerDecoder: ${error.message}`)
  }
  draft.streams.push({ labels, from, to: draft.rows })
}

/** Best guess at where the stream ends, for the excerpt in the message only. */
function endOfStream(reader: JsonReader, start: number): number {
  const { bytes } = reader
  const probe: JsonReader = { bytes, at: start, from: 0, to: 0 }
  try {
    skipValue(probe, STREAMS)
    return probe.at
  } catch {
    return bytes.length
  }
}

/**
 * The labels of a stream: the object's raw bytes are its cache key; it is looked into only when that is
 * new.
 */
function readLabels(reader: JsonReader): LabelSource {
  if (reader.bytes[reader.at] !== OPEN_BRACE) throw new JsonShapeError(SHAPE.object)
  const from = reader.at
  skipValue(reader, STREAMS)
  const { bytes, at: to } = reader
  const pairs = (): (readonly [string, string])[] => labelPairs(Buffer.from(bytes.subarray(from, to)))
  return { key: bytes.toString('latin1', from, to), pairs }
}

function labelPairs(raw: Buffer): (readonly [string, string])[] {
  const byName = new Map<string, string>()
  readObject(raw, (reader, name) => {
    if (peek(reader) === QUOTE) {
      readString(reader)
      byName.set(name, textOf(reader))
    } else {
      const from = reader.at
      skipValue(reader, STREAMS)
      byName.set(name, reader.bytes.toString('utf8', from, reader.at))
    }
  })
  const pairs = [...byName].sort((a, b) => (a[0] < b[0] ? -1 : 1))
  if (pairs.every(([name]) => isLabelName(name))) return pairs
  // Loki prints the set as a selector and parses that, so a bad name is reported as a place in the selector.
  return parseLabelsText(`{${pairs.map(([name, value]) => `${name}=${goQuote(value)}`).join(', ')}}`)
}

/**
 * Reads an object member by member, from bytes of its own that escapes are undone in. JSON.parse would not
 * do: V8's takes the key `\"` for `\\` when an object of that shape came by before.
 */
function readObject(raw: Buffer, readValue: (reader: JsonReader, name: string) => void): void {
  const reader: JsonReader = { bytes: raw, at: 0, from: 0, to: 0 }
  try {
    eachMember(reader, STREAMS, () => {
      const name = textOf(reader)
      return () => readValue(reader, name)
    })
  } catch (error) {
    if (!(error instanceof JsonShapeError)) throw error
    throw frame(raw, reader.at, `${STREAMS}unmarshalerDecoder: ${error.message}`)
  }
}

function textOf({ bytes, from, to }: JsonReader): string {
  return bytes.toString('utf8', from, to)
}

function readValues(reader: JsonReader, draft: DraftBatch): void {
  const first = reader.bytes[reader.at]
  if (first === N) {
    expectNull(reader, STREAMS)
    return
  }
  if (first !== OPEN_BRACKET) throw new JsonShapeError(SHAPE.malformed)
  eachItem(reader, STREAMS, () => readEntry(reader, draft))
}

function readEntry(reader: JsonReader, draft: DraftBatch): void {
  const { bytes } = reader
  if (bytes[reader.at] !== OPEN_BRACKET) throw new JsonShapeError(SHAPE.malformed)
  const row = addRow(draft)
  draft.tsMs[row] = -62_135_596_800_000
  draft.tsNs[row] = 0
  draft.lineFrom[row] = 0
  draft.lineTo[row] = 0
  draft.metaFrom[row] = 0
  draft.metaTo[row] = 0
  reader.at++
  if (peek(reader) === CLOSE_BRACKET) {
    reader.at++
    return
  }
  for (let index = 0; ; index++) {
    const byte = peek(reader)
    if (index === 0) readTimestamp(reader, draft, row, byte)
    else if (index === 1) readLine(reader, draft, row, byte)
    else if (index === 2) noteMetadata(reader, draft, row, byte)
    else skipValue(reader, STREAMS)
    const next = peek(reader)
    reader.at++
    if (next === CLOSE_BRACKET) return
    if (next !== COMMA) {
      throw frame(bytes, reader.at, `${STREAMS}ReadArray: expect , or ], but found ${foundByte(next)}`)
    }
  }
}

/** Decimal nanoseconds in a string. The usual 19 digits are read without making a string. */
function readTimestamp(reader: JsonReader, draft: DraftBatch, row: number, byte: number): void {
  if (byte !== QUOTE) throw new JsonShapeError(SHAPE.number)
  readString(reader)
  const { bytes, from, to } = reader
  let ms = 0
  let ns = 0
  const split = to - 6
  let digits = to - from > 6 && to - from < 19 + (bytes[from] < 0x39 ? 1 : 0)
  for (let i = from; digits && i < to; i++) {
    const digit = bytes[i] - 0x30
    if (digit < 0 || digit > 9) digits = false
    else if (i < split) ms = ms * 10 + digit
    else ns = ns * 10 + digit
  }
  if (!digits) {
    const parsed = parseTimestamp(bytes.toString('latin1', from, to))
    if (parsed === undefined) throw new JsonShapeError(SHAPE.number)
    ms = parsed.ms
    ns = parsed.ns
  }
  draft.tsMs[row] = ms
  draft.tsNs[row] = ns
}

function readLine(reader: JsonReader, draft: DraftBatch, row: number, byte: number): void {
  if (byte !== QUOTE) throw new JsonShapeError(SHAPE.string)
  readString(reader)
  draft.lineFrom[row] = reader.from
  draft.lineTo[row] = reader.to
}

/** Checks that structured metadata is an object of strings and notes where it stands. */
function noteMetadata(reader: JsonReader, draft: DraftBatch, row: number, byte: number): void {
  if (byte !== OPEN_BRACE) throw new JsonShapeError(SHAPE.object)
  const from = reader.at
  reader.at++
  let more = peek(reader) !== CLOSE_BRACE
  if (!more) reader.at++
  else draft.metaFrom[row] = from
  while (more) {
    if (peek(reader) !== QUOTE) throw new JsonShapeError(SHAPE.malformed)
    skipValue(reader, STREAMS)
    if (peek(reader) !== COLON) throw new JsonShapeError(SHAPE.malformed)
    reader.at++
    if (peek(reader) !== QUOTE) throw new JsonShapeError(SHAPE.string)
    skipValue(reader, STREAMS)
    const next = peek(reader)
    reader.at++
    if (next !== COMMA && next !== CLOSE_BRACE) throw new JsonShapeError(SHAPE.object)
    more = next === COMMA
    draft.metaTo[row] = reader.at
  }
}

function readMetadata(bytes: Buffer, from: number, to: number): (readonly [string, string])[] {
  const byName = new Map<string, string>()
  readObject(Buffer.from(bytes.subarray(from, to)), (reader, name) => {
    readString(reader)
    byName.set(name, textOf(reader))
  })
  return [...byName]
}
