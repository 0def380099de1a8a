// The one linear memory that all kernels share: fixed places of fixed sizes, nothing is ever allocated. The
// host reads the exported numbers and writes inputs where they say.

/** Bytes of a block that fit in at once. */
export const INPUT_BYTES: i32 = 1 << 20

/** A step may read this far past the end of what it was given, and ignores what it finds there. */
const PADDING_BYTES: i32 = 256

/** The bytes to work on. */
export const INPUT: usize = memory.data(INPUT_BYTES + PADDING_BYTES, 64)

/** Results are offsets into the input; a kernel that finds more stops and is called again. */
export const OFFSETS_CAPACITY: i32 = 1 << 14
export const OFFSETS: usize = memory.data((OFFSETS_CAPACITY << 2) + PADDING_BYTES, 64)
