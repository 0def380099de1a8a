import type { Labels } from '#base/labels.ts'
import type { RowBatch, StreamRef } from '#store/types.ts'
import { filterRows } from '../pipeline/batch-filter.ts'
import { type Pipeline, runStages } from '../pipeline/compile.ts'
import type { SplitLabels } from '../pipeline/line-labels.ts'
import { RowSource } from '../pipeline/row.ts'
import type { Pace } from './pace.ts'

/** Rows that go through the byte predicates at a time: enough to search in bulk, few enough to stop early. */
const CHUNK_ROWS = 1024

/** The clock is looked at once in 64 rows. */
const PACE_MASK = 63

/** An entry that passed the pipeline. */
export interface PassedEntry {
  readonly stream: StreamRef
  readonly tsMs: number
  readonly tsNs: number
  readonly line: string
  readonly labels: EntryLabels
}

/** The final labels of an entry; one object for equal sets of one stream. */
export interface EntryLabels {
  readonly all: Labels
  readonly split: SplitLabels
}

/** The label sets met so far, per stream and overlay. */
export type LabelCache = Map<StreamRef, Map<string, EntryLabels>>

/** Takes the rows of one batch through the pipeline, one at a time, in the batch's order. */
export class BatchCursor {
  readonly #batch: RowBatch
  readonly #pipeline: Pipeline
  readonly #cache: LabelCache
  #chunk: Uint32Array = new Uint32Array(0)
  #chunkAt = 0
  #nextChunk = 0
  /** Where the chunk's rows are taken from. */
  #source: RowSource
  /** The entry the cursor stands on; undefined at the end. */
  entry: PassedEntry | undefined
  /** Lines that passed so far. */
  passed = 0

  constructor(batch: RowBatch, pipeline: Pipeline, cache: LabelCache) {
    this.#batch = batch
    this.#source = new RowSource(batch, this.#chunk)
    this.#pipeline = pipeline
    this.#cache = cache
  }

  /**
   * Moves to the next row that passes. Returns whether there is one; `undefined` where it has looked at many
   * in vain and others want to run: then it is to be called again.
   */
  advance(pace: Pace): boolean | undefined {
    const { row, stages } = this.#pipeline
    for (let looked = 1; ; looked++) {
      if ((looked & PACE_MASK) === 0 && pace.due) return undefined
      while (this.#chunkAt === this.#chunk.length) {
        if (this.#nextChunk >= this.#batch.rows.length) {
          this.entry = undefined
          return false
        }
        const rows = this.#batch.rows.subarray(this.#nextChunk, this.#nextChunk + CHUNK_ROWS)
        this.#nextChunk += CHUNK_ROWS
        this.#chunk = filterRows({ ...this.#batch, rows }, this.#pipeline)
        this.#chunkAt = 0
        this.#source = new RowSource(this.#batch, this.#chunk)
        if (this.#chunk.length === 0 && pace.due) return undefined
      }
      row.moveTo(this.#source, this.#chunk[this.#chunkAt++])
      if (runStages(row, stages)) break
    }
    this.passed++
    this.entry = {
      stream: this.#batch.stream,
      tsMs: row.tsMs,
      tsNs: row.tsNs,
      line: row.text,
      labels: this.#labels(),
    }
    return true
  }

  #labels(): EntryLabels {
    const { labels } = this.#pipeline.row
    let ofStream = this.#cache.get(this.#batch.stream)
    if (ofStream === undefined) this.#cache.set(this.#batch.stream, (ofStream = new Map()))
    const key = labels.overlayKey()
    let entry = ofStream.get(key)
    if (entry === undefined) ofStream.set(key, (entry = labels.both()))
    return entry
  }
}
