import { INPUT } from './memory'

// Snappy blocks, https://github.com/google/snappy/blob/main/format_description.txt.

/** Bytes that an uncompressed body may have. */
export const BODY_BYTES: i32 = 1 << 22

/** Copies go in steps of 16 bytes and may touch as much behind the end. */
const SLACK_BYTES = 256

/** Where bodies are uncompressed to. */
export const BODY: usize = memory.data(BODY_BYTES + SLACK_BYTES, 64)

/**
 * Uncompresses the elements in [at, end) of the input to exactly `length` bytes of the body, at most
 * BODY_BYTES. Gives false for anything that is not that.
 */
export function uncompress(at: i32, end: i32, length: i32): bool {
  let from: usize = INPUT + at
  const fromEnd: usize = INPUT + end
  let to: usize = BODY
  const toEnd: usize = BODY + length
  while (from < fromEnd) {
    const tag = <u32>load<u8>(from++)
    let size: u32
    let offset: u32
    if ((tag & 3) == 0) {
      size = tag >>> 2
      if (size >= 60) {
        const extra = size - 59
        if (from + extra > fromEnd) return false
        // The input has padding behind it.
        size = load<u32>(from)
        if (extra < 4) size &= (1 << (extra << 3)) - 1
        from += extra
      }
      if (<u64>size + 1 > <u64>(fromEnd - from) || <u64>size + 1 > <u64>(toEnd - to)) return false
      size++
      if (size <= 64) copySteps(from, to, size)
      else memory.copy(to, from, size)
      from += size
      to += size
      continue
    }
    if ((tag & 3) == 1) {
      if (from >= fromEnd) return false
      size = 4 + ((tag >>> 2) & 7)
      offset = ((tag >>> 5) << 8) | <u32>load<u8>(from++)
    } else {
      const width: u32 = (tag & 3) == 2 ? 2 : 4
      if (from + width > fromEnd) return false
      size = 1 + (tag >>> 2)
      offset = width == 2 ? <u32>load<u16>(from) : load<u32>(from)
      from += width
    }
    if (offset == 0 || offset > <u32>(to - BODY) || size > <u32>(toEnd - to)) return false
    const source = to - offset
    if (offset >= 16) copySteps(source, to, size)
    // Source and target overlap: the copy repeats what it has just written.
    else for (let i: u32 = 0; i < size; i++) store<u8>(to + i, load<u8>(source + i))
    to += size
  }
  return to == toEnd
}

@inline
function copySteps(from: usize, to: usize, size: u32): void {
  for (let i: u32 = 0; i < size; i += 16) v128.store(to + i, v128.load(from + i))
}
