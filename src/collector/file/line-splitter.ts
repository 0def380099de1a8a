import { OperatorError } from '#base/errors.ts'

/** One line of a file: its text or bytes without the line end, and the bytes it takes in the file with it. */
export type OnLine = (line: Uint8Array | string, sizeBytes: number) => void

/** Cuts the bytes of a file into lines. */
export interface LineSplitter {
  /** Takes the next bytes, which are copied. A last line without a newline is kept for the next call. */
  push(chunk: Uint8Array): void
  /** Passes on the last line as it is; call when nothing will ever follow. */
  finish(): void
  /** Bytes of the line that is not complete. */
  readonly pendingBytes: number
}

const NEWLINE = 0x0a

/**
 * A splitter for an encoding by its IANA name; empty: UTF-8, whose bytes are passed on as they are. A byte
 * order mark at the start of the file (`atStart`) decides over the name and is taken out.
 * @throws OperatorError `encoding_unknown`.
 */
export function makeLineSplitter(encoding: string, atStart: boolean, onLine: OnLine): LineSplitter {
  let carry: Buffer = Buffer.alloc(0)
  let searchedBytes = 0
  let isStart = atStart
  let form = formOf(encoding)

  const emit = (bytes: Buffer, sizeBytes: number): void => {
    const width = form.unitBytes
    const end = bytes.length
    const hasReturn = end >= width && form.isReturn(bytes, end - width)
    const content = hasReturn ? bytes.subarray(0, end - width) : bytes
    onLine(form.decoder === undefined ? content : form.decoder.decode(content), sizeBytes)
  }
  const push = (chunk: Uint8Array): void => {
    let bytes = carry.length === 0 ? Buffer.from(chunk) : Buffer.concat([carry, chunk])
    let markBytes = 0
    if (isStart) {
      if (bytes.length < 3 && couldBeMark(bytes)) {
        carry = bytes
        return
      }
      const mark = byteOrderMark(bytes)
      isStart = false
      if (mark !== undefined) {
        form = formOf(mark.encoding)
        markBytes = mark.sizeBytes
        bytes = bytes.subarray(markBytes)
      }
    }
    let from = 0
    for (
      let end = form.indexOfNewline(bytes, searchedBytes);
      end >= 0;
      end = form.indexOfNewline(bytes, from)
    ) {
      const next = end + form.unitBytes
      emit(bytes.subarray(from, end), next - from + markBytes)
      markBytes = 0
      from = next
    }
    carry = bytes.subarray(from)
    searchedBytes = carry.length - (carry.length % form.unitBytes)
  }
  return {
    push,
    finish() {
      if (carry.length > 0) emit(carry, carry.length)
      carry = Buffer.alloc(0)
      searchedBytes = 0
    },
    get pendingBytes() {
      return carry.length
    },
  }
}

interface Form {
  readonly decoder: TextDecoder | undefined
  readonly unitBytes: 1 | 2
  indexOfNewline(bytes: Buffer, from: number): number
  isReturn(bytes: Buffer, at: number): boolean
}

function formOf(encoding: string): Form {
  const name = encoding.toLowerCase()
  const oneByte = {
    unitBytes: 1 as const,
    indexOfNewline: (bytes: Buffer, from: number) => bytes.indexOf(NEWLINE, from),
    isReturn: (bytes: Buffer, at: number) => bytes[at] === 0x0d,
  }
  if (name === '' || name === 'utf-8' || name === 'utf8') return { ...oneByte, decoder: undefined }
  let decoder: TextDecoder
  try {
    decoder = new TextDecoder(name)
  } catch {
    throw new OperatorError(
      'encoding_unknown',
      `encoding ${JSON.stringify(encoding)} is not known; use an IANA name`,
    )
  }
  if (!decoder.encoding.startsWith('utf-16')) return { ...oneByte, decoder }
  const low = decoder.encoding === 'utf-16le' ? 0 : 1
  const isUnit = (bytes: Buffer, at: number, code: number): boolean =>
    bytes[at + low] === code && bytes[at + 1 - low] === 0
  return {
    decoder,
    unitBytes: 2,
    indexOfNewline(bytes, from) {
      for (let at = from - (from % 2); at + 1 < bytes.length; at += 2)
        if (isUnit(bytes, at, NEWLINE)) return at
      return -1
    },
    isReturn: (bytes, at) => isUnit(bytes, at, 0x0d),
  }
}

const MARKS: readonly (readonly [bytes: readonly number[], encoding: string])[] = [
  [[0xef, 0xbb, 0xbf], 'utf-8'],
  [[0xff, 0xfe], 'utf-16le'],
  [[0xfe, 0xff], 'utf-16be'],
]

function byteOrderMark(bytes: Buffer): { encoding: string; sizeBytes: number } | undefined {
  const found = MARKS.find(([mark]) => mark.every((byte, index) => bytes[index] === byte))
  return found === undefined ? undefined : { encoding: found[1], sizeBytes: found[0].length }
}

function couldBeMark(bytes: Buffer): boolean {
  return MARKS.some(
    ([mark]) => bytes.length < mark.length && bytes.every((byte, index) => mark[index] === byte),
  )
}
