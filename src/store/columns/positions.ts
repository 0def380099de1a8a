let counting = new Uint32Array(0)

/** 0, 1, 2, … rows − 1; shared, so not to be written to. */
export function firstPositions(rows: number): Uint32Array {
  if (counting.length < rows) counting = Uint32Array.from({ length: Math.max(rows, 4096) }, (_, i) => i)
  return counting.subarray(0, rows)
}
