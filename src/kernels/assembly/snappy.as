import { INPUT } from './memory'

// Snappy blocks, https://github.com/google/snappy/blob/main/format_description.txt.

/** Bytes that an uncompressed body may have. */
export const BODY_BYTES: i32 = 1 << 22

/** Copies go in steps of 16 bytes and may touch as much behind the end. */
const SLACK_BYTES = 256

/**
 * Per tag of a copy: its length, the high bits of its offset in their place (8 to 10), and above them how many
 * bytes of the offset follow. One lookup instead of a branch per kind of copy, which would be mispredicted.
 */
const copies: usize = memory.data(512, 64)
for (let tag: u32 = 0; tag < 256; tag++) {
  const kind = tag & 3
  const near = (4 + ((tag >>> 2) & 7)) | ((tag >>> 5) << 8) | (1 << 11)
  const far = (1 + (tag >>> 2)) | ((kind == 2 ? 2 : 4) << 11)
  store<u16>(copies + (<usize>tag << 1), <u16>(kind == 1 ? near : far))
}

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
    if ((tag & 3) == 0) {
      let size = tag >>> 2
      if (size < 16 && from + 16 <= fromEnd && to + 16 <= toEnd) {
        v128.store(to, v128.load(from))
        from += size + 1
        to += size + 1
        continue
      }
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
    const copy = <u32>load<u16>(copies + (<usize>tag << 1))
    const size = copy & 255
    const width = copy >>> 11
    // The input has padding behind it.
    const offset = (copy & 0x700) | <u32>(<u64>load<u32>(from) & ((<u64>1 << (<u64>width << 3)) - 1))
    from += width
    if (from > fromEnd || offset == 0 || offset > <u32>(to - BODY) || size > <u32>(toEnd - to)) return false
    const source = to - offset
    if (offset >= 16) {
      v128.store(to, v128.load(source))
      if (size > 16) copySteps(source + 16, to + 16, size - 16)
    }
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
