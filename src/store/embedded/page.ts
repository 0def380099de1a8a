/**
 * A fixed piece of memory that new rows of all streams are appended to, in order of arrival. Rows are never
 * changed or moved, so readers may keep using the rows that were there when they looked.
 */
export interface Page {
  readonly tsMs: Float64Array
  readonly tsNs: Uint32Array
  readonly lineFrom: Uint32Array
  readonly lineTo: Uint32Array
  readonly metadata: Uint32Array
  readonly bytes: Uint8Array
  rows: number
  usedBytes: number
  /**
   * Whether a reader may still hold views of it: such a page is left to the garbage collector, not used
   * again.
   */
  shared: boolean
}

const PAGE_ROWS = 8192
const PAGE_BYTES = 1 << 20
const ROW_BYTES = 24

/** Memory a page of the usual size takes. */
export const PAGE_SIZE_BYTES = PAGE_BYTES + PAGE_ROWS * ROW_BYTES

/** Hands out pages and takes them back, so that steady ingest does not feed the garbage collector. */
export class PagePool {
  readonly #free: Page[] = []
  readonly #keep: number

  constructor(keep: number) {
    this.#keep = keep
  }

  /** A page with room for at least one line of `lineBytes`. */
  take(lineBytes: number): Page {
    if (lineBytes > PAGE_BYTES) return makePage(64, lineBytes)
    return this.#free.pop() ?? makePage(PAGE_ROWS, PAGE_BYTES)
  }

  give(page: Page): void {
    if (page.shared || page.bytes.length !== PAGE_BYTES || this.#free.length >= this.#keep) return
    page.rows = 0
    page.usedBytes = 0
    this.#free.push(page)
  }
}

function makePage(rows: number, bytes: number): Page {
  return {
    tsMs: new Float64Array(rows),
    tsNs: new Uint32Array(rows),
    lineFrom: new Uint32Array(rows),
    lineTo: new Uint32Array(rows),
    metadata: new Uint32Array(rows),
    bytes: new Uint8Array(bytes),
    rows: 0,
    usedBytes: 0,
    shared: false,
  }
}

/** How many of the rows of `lineBytes[from … to)` fit, and their bytes. */
export function fittingRows(page: Page, lineBytes: Uint32Array, from: number, to: number): number {
  const last = Math.min(to, from + page.tsMs.length - page.rows)
  let left = page.bytes.length - page.usedBytes
  let row = from
  while (row < last && lineBytes[row] <= left) left -= lineBytes[row++]
  return row - from
}
