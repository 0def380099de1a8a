import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { makeNeedle } from '#kernels/needle.ts'
import { decodeLines } from '#store/columns/decode-lines.ts'
import { LineEncoder, type LineRows } from '#store/columns/encode-lines.ts'
import { rowsContaining } from '#store/columns/line-search.ts'
import { openColumns } from '#store/columns/open-columns.ts'

// What columns of lines cost and save beside plain zstd: bytes per raw byte, MB of lines per CPU second.
// usage: node bench/columns.ts CORPUS_DIR [FILES [BLOCK_BYTES [ROUNDS]]]
// CORPUS_DIR holds push bodies as *.json. To profile: node --cpu-prof bench/columns.ts …

const [corpus, files = '24', blockBytes = '524288', rounds = '3'] = process.argv.slice(2)

interface PushBody {
  readonly streams: readonly {
    readonly stream: Record<string, string>
    readonly values: readonly (readonly [string, string])[]
  }[]
}

interface Block {
  readonly service: string
  readonly rows: LineRows
}

function readBlocks(): Block[] {
  const streams = new Map<string, { service: string; values: (readonly [string, string])[] }>()
  const names = readdirSync(corpus).filter((name) => /^\d+\.json$/.test(name))
  for (const name of names.sort().slice(0, Number(files))) {
    const body = JSON.parse(readFileSync(join(corpus, name), 'utf8')) as PushBody
    for (const { stream, values } of body.streams) {
      const key = JSON.stringify(stream)
      const known = streams.get(key) ?? { service: stream.service ?? key, values: [] }
      streams.set(key, known)
      for (const value of values) known.values.push(value)
    }
  }
  return [...streams.values()].flatMap(({ service, values }) =>
    cutBlocks(values).map((each) => ({ service, rows: rowsOf(each) })),
  )
}

function cutBlocks(values: readonly (readonly [string, string])[]): (readonly [string, string])[][] {
  const blocks: (readonly [string, string])[][] = []
  let bytes = Infinity
  for (const value of values) {
    if (bytes >= Number(blockBytes)) {
      blocks.push([])
      bytes = 0
    }
    blocks[blocks.length - 1].push(value)
    bytes += Buffer.byteLength(value[1])
  }
  return blocks
}

function rowsOf(values: readonly (readonly [string, string])[]): LineRows {
  const lines = values.map(([, line]) => Buffer.from(line))
  const lineTo = new Uint32Array(lines.length)
  let end = 0
  lines.forEach((line, i) => {
    lineTo[i] = end += line.length
  })
  return {
    bytes: new Uint8Array(Buffer.concat(lines)),
    lineFrom: lineTo.map((to, i) => to - lines[i].length),
    lineTo,
    rows: lines.length,
    tsMs: Float64Array.from(values, ([ts]) => Number(ts.slice(0, -6))),
    tsNs: Uint32Array.from(values, ([ts]) => Number(ts.slice(-6))),
  }
}

/** Sums by name: raw bytes, stored bytes by way, CPU seconds by way. */
class Tally {
  readonly #sums = new Map<string, number>()

  add(name: string, value: number): void {
    this.#sums.set(name, (this.#sums.get(name) ?? 0) + value)
  }

  time<T>(name: string, work: () => T): T {
    const before = process.cpuUsage()
    const result = work()
    const { user, system } = process.cpuUsage(before)
    this.add(name, (user + system) / 1e6)
    return result
  }

  addTo(other: Tally): void {
    for (const [name, value] of this.#sums) other.add(name, value)
  }

  row(): Record<string, number> {
    const sum = (name: string): number => this.#sums.get(name) ?? 0
    const raw = sum('raw')
    const speed = (name: string): number => Math.round(raw / 1e6 / sum(name))
    const ratio = (name: string): number => Math.round((sum(name) / raw) * 10_000) / 10_000
    return {
      rawMB: Math.round(raw / 1e5) / 10,
      columns: ratio('columns'),
      zstd1: ratio('zstd1'),
      zstd3: ratio('zstd3'),
      'encode MB/s': speed('encode'),
      'zstd1 MB/s': speed('compress 1'),
      'zstd3 MB/s': speed('compress 3'),
      'decode MB/s': speed('decode'),
      'unzstd MB/s': speed('decompress'),
      'search MB/s': speed('search'),
    }
  }
}

const encoder = new LineEncoder()
const needle = makeNeedle(Buffer.from('zz-never-here-zz'))
const level = (value: number) => ({ params: { [constants.ZSTD_c_compressionLevel]: value } })

function measure({ rows }: Block, tallies: readonly Tally[], isSized: boolean): void {
  const own = new Tally()
  const encoded = own.time('encode', () => encoder.encode(rows))
  const stored = new Uint8Array(Buffer.concat(encoded.pieces))
  const lines = own.time('decode', () => decodeLines(openColumns(stored, rows)))
  if (Buffer.compare(lines.bytes, rows.bytes) !== 0) throw new Error('lines did not come back')
  own.time('search', () => rowsContaining(openColumns(stored, rows), needle))
  const one = own.time('compress 1', () => zstdCompressSync(rows.bytes, level(1)))
  const three = own.time('compress 3', () => zstdCompressSync(rows.bytes, level(3)))
  own.time('decompress', () => zstdDecompressSync(one, { chunkSize: rows.bytes.length + 1 }))
  if (!isSized) return
  own.add('raw', rows.bytes.length)
  own.add('columns', stored.length)
  own.add('zstd1', one.length)
  own.add('zstd3', three.length)
  for (const tally of tallies) own.addTo(tally)
}

const total = new Tally()
const byService = new Map<string, Tally>()
const blocks = readBlocks()
for (let round = 0; round < Number(rounds); round++) {
  for (const block of blocks) {
    const tally = byService.get(block.service) ?? new Tally()
    byService.set(block.service, tally)
    // All rounds but the last are for the compiler.
    measure(block, [tally, total], round === Number(rounds) - 1)
  }
}
console.table({
  ...Object.fromEntries([...byService].map(([name, tally]) => [name, tally.row()])),
  total: total.row(),
})
