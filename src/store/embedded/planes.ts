import { FormatError } from './bytes.ts'

// Unsigned integers of 1 to 4 bytes as byte planes: all low bytes first, then the next ones. Bytes of one
// weight resemble
// each other, which is what a byte-wise entropy coder needs.

/** Smallest of 1, 2, 4 bytes that holds `max`. */
export function widthFor(max: number): 1 | 2 | 4 {
  return max < 0x100 ? 1 : max < 0x1_0000 ? 2 : 4
}

/** Writes `width` planes of `values` at `offset`; returns where they end. */
export function writePlanes(
  to: Uint8Array,
  offset: number,
  values: Uint32Array,
  width: number,
  divisor = 1,
): number {
  const rows = values.length
  for (let row = 0; row < rows; row++) {
    let value = divisor === 1 ? values[row] : values[row] / divisor
    for (let plane = 0, at = offset + row; plane < width; plane++, at += rows) {
      to[at] = value & 0xff
      value >>>= 8
    }
  }
  return offset + rows * width
}

/** Reads what {@link writePlanes} wrote. */
export function readPlanes(
  from: Uint8Array,
  offset: number,
  rows: number,
  width: number,
  factor = 1,
): Uint32Array {
  if (offset + rows * width > from.length) throw new FormatError('a column is cut short')
  const values = new Uint32Array(rows)
  for (let plane = 0; plane < width; plane++) {
    const shift = plane * 8
    const at = offset + plane * rows
    for (let row = 0; row < rows; row++) values[row] |= from[at + row] << shift
  }
  if (factor !== 1) for (let row = 0; row < rows; row++) values[row] *= factor
  return values
}
