import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildGramFilter } from '#kernels/gram-filter.ts'
import { Haystack } from '#kernels/haystack.ts'
import { makeNeedle } from '#kernels/needle.ts'
import { findNewlines } from '#kernels/newlines.ts'
import { type Loaded, loaded } from '#kernels/wasm.ts'

// What the kernels do per second, beside their twins: CPU milliseconds per MB and GB/s, on log lines in
// blocks. usage: node bench/kernels.ts CORPUS_DIR CORPUS_DIR holds push bodies as *.json. Each kernel is run
// on every block in turn; the median of all rounds counts.

const BLOCK_BYTES = 512 << 10
const ROUNDS = 15

/** One thing to measure: does its work on one block, and gives something back that depends on it. */
type Work = (block: Uint8Array, kernels: Loaded) => number

const TWINS: Loaded = { wasm: undefined, reason: 'for comparison' }

const offsets = new Uint32Array(1 << 16)

const works: Readonly<Record<string, Work>> = {
  'gram filter': (block, kernels) => buildGramFilter(block, kernels).length,
  'newline index': (block, kernels) => findNewlines(block, kernels).length,
  'find, absent': find('"request_id":"zzzzzzzz"'),
  'find, absent, per search of four': find('"request_id":"zzzzzzzz"', false, 4),
  'find, 4 bytes, absent': find('"zqz'),
  'find, absent, ignoring case': find('"Request_Id":"zzzzzzzz"', true),
  'findAll "level":"error"': findAll('"level":"error"'),
  'findAll "service":': findAll('"service":'),
}

function find(text: string, ignoreCase = false, times = 1): Work {
  const needle = makeNeedle(Buffer.from(text), ignoreCase)
  return (block, kernels) => {
    const haystack = new Haystack(block, kernels)
    let found = 0
    for (let i = 0; i < times; i++) found += haystack.find(needle)
    return found / times
  }
}

function findAll(text: string): Work {
  const needle = makeNeedle(Buffer.from(text))
  return (block, kernels) => new Haystack(block, kernels).findAll(needle, offsets)
}

/** The lines of the corpus with their newlines, cut into blocks. */
function readBlocks(dir: string): Uint8Array[] {
  const texts = readdirSync(dir)
    .filter((name) => /^\d+\.json$/.test(name))
    .map((name) => {
      const body = JSON.parse(readFileSync(join(dir, name), 'utf8')) as {
        streams: readonly { values: readonly (readonly [string, string])[] }[]
      }
      return body.streams.flatMap(({ values }) => values.map(([, line]) => `${line}\n`)).join('')
    })
  const bytes = Buffer.from(texts.join(''))
  const starts = Array.from({ length: Math.ceil(bytes.length / BLOCK_BYTES) }, (_, i) => i * BLOCK_BYTES)
  // Each block is a memory of its own, as after decompression.
  return starts.map((start) => new Uint8Array(bytes.subarray(start, start + BLOCK_BYTES)))
}

/** Median CPU milliseconds per MB over several rounds. */
function measure(work: Work, blocks: readonly Uint8Array[], kernels: Loaded): number {
  const megabytes = blocks.reduce((sum, block) => sum + block.length, 0) / 1e6
  const rounds: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const before = process.cpuUsage()
    for (const block of blocks) work(block, kernels)
    const { user, system } = process.cpuUsage(before)
    rounds.push((user + system) / 1000 / megabytes)
  }
  return rounds.sort((a, b) => a - b)[ROUNDS >> 1]
}

const blocks = readBlocks(process.argv[2])
if (loaded.wasm === undefined) console.log(`no kernels (${loaded.reason}): twins on both sides`)
for (const [name, work] of Object.entries(works)) {
  const times = /of four/.test(name) ? 4 : 1
  const kernel = measure(work, blocks, loaded) / times
  const twin = measure(work, blocks, TWINS) / times
  const perMb = `${kernel.toFixed(3)} ms/MB, twin ${twin.toFixed(3)} ms/MB`
  const gain = `${(1 / kernel).toFixed(1)} GB/s, ${(twin / kernel).toFixed(1)} times as fast`
  console.log(`${name.padEnd(34)} ${perMb}: ${gain}`)
}
