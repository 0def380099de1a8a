/**
 * Uncompresses a snappy block (https://github.com/google/snappy/blob/main/format_description.txt) into
 * memory the
 * caller owns, so that a steady stream of pushes makes no garbage. As fast as the native module, whose
 * fresh buffers
 * cost a garbage collection every few requests.
 * @returns the uncompressed length, or -1 for corrupt input (also when it is not exactly `length` bytes)
 */
export function uncompressInto(input: Uint8Array, start: number, output: Uint8Array, length: number): number {
  const end = input.length
  let at = start
  let to = 0
  while (at < end) {
    const tag = input[at++]
    let size: number
    let offset: number
    if ((tag & 3) === 0) {
      size = tag >>> 2
      if (size >= 60) {
        const extra = size - 59
        if (at + extra > end) return -1
        size = littleEndian(input, at, extra)
        at += extra
      }
      size++
      if (at + size > end || to + size > length) return -1
      copyLiteral(input, at, output, to, size)
      at += size
      to += size
      continue
    }
    if ((tag & 3) === 1) {
      if (at >= end) return -1
      size = 4 + ((tag >>> 2) & 7)
      offset = ((tag >>> 5) << 8) | input[at++]
    } else {
      const width = (tag & 3) === 2 ? 2 : 4
      if (at + width > end) return -1
      size = 1 + (tag >>> 2)
      offset = littleEndian(input, at, width)
      at += width
    }
    if (offset === 0 || offset > to || to + size > length) return -1
    // Source and target may overlap: a copy may repeat what it has just written.
    for (const stop = to + size; to < stop; to++) output[to] = output[to - offset]
  }
  return to === length ? to : -1
}

function littleEndian(input: Uint8Array, at: number, width: number): number {
  let value = 0
  for (let i = width - 1; i >= 0; i--) value = value * 256 + input[at + i]
  return value
}

/** Below this a loop beats the call into the engine. */
const LONG_LITERAL = 48

function copyLiteral(input: Uint8Array, from: number, output: Uint8Array, to: number, size: number): void {
  if (size >= LONG_LITERAL) output.set(input.subarray(from, from + size), to)
  else for (let i = 0; i < size; i++) output[to + i] = input[from + i]
}
