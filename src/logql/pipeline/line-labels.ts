import type { Labels } from '#base/labels.ts'
import type { Metadata, StreamRef } from '#store/types.ts'
import type { ByteStrings } from './byte-strings.ts'
import { readDecimal } from './decimal-bytes.ts'
import { ERROR_DETAILS_LABEL, ERROR_LABEL, type NameTable, PRESERVE_ERROR_LABEL } from './names.ts'

/** A stream's labels, indexed by name id. */
interface BaseLabels {
  readonly ids: readonly number[]
  readonly values: readonly (string | undefined)[]
  /** The name ids of metadata sets met with the stream. */
  readonly metadataIds: Map<Metadata, readonly number[]>
}

const MAX_METADATA_SETS = 4096

/** Where an overlay label came from. */
const METADATA = 1
const PARSED = 2

/** The final labels of a line, kept apart by origin. */
export interface SplitLabels {
  readonly stream: Labels
  readonly metadata: Labels
  readonly parsed: Labels
}

/**
 * The labels of the line at hand: the stream's, with what metadata, parsers and formats lay over them. One
 * object per query, reset for each line; membership is a generation number per name, so that a reset costs
 * nothing.
 */
export class LineLabels {
  readonly names: NameTable
  /** The line's `__error__` and details, as set by stages; `''` is none. */
  error = ''
  errorDetails = ''

  #generation = 0
  readonly #strings: ByteStrings
  #stream: StreamRef | undefined
  /** The metadata of the row before, and its name ids with the stream at hand. */
  #lastMetadata: Metadata | undefined
  #lastIds: readonly number[] = []
  #base: BaseLabels = { ids: [], values: [], metadataIds: new Map() }
  readonly #bases = new WeakMap<StreamRef, BaseLabels>()
  /** Per name: the generation in which the overlay holds, hides, or once held it. */
  readonly #present: number[] = []
  readonly #deleted: number[] = []
  readonly #extracted: number[] = []
  /** Per name: its text; `undefined` while it is only known by its bytes. */
  readonly #values: (string | undefined)[] = []
  readonly #rawBytes: Buffer[] = []
  readonly #rawFrom: number[] = []
  readonly #rawTo: number[] = []
  readonly #origins: number[] = []
  /** Names the overlay touched for this line, in order, each once. */
  #touched: number[] = []
  readonly #touchedIn: number[] = []
  readonly #errorId: number
  readonly #detailsId: number
  readonly #preserveId: number

  constructor(names: NameTable, strings: ByteStrings) {
    this.names = names
    this.#strings = strings
    this.#errorId = names.intern(ERROR_LABEL)
    this.#detailsId = names.intern(ERROR_DETAILS_LABEL)
    this.#preserveId = names.intern(PRESERVE_ERROR_LABEL)
  }

  /** Starts a new line of `stream`. */
  reset(stream: StreamRef, metadata: Metadata): void {
    this.#generation++
    this.#touched.length = 0
    this.error = ''
    this.errorDetails = ''
    if (stream !== this.#stream) {
      this.#stream = stream
      this.#base = this.#baseOf(stream)
      this.#lastMetadata = undefined
    }
    if (metadata.length > 0) this.#addMetadata(metadata)
  }

  /** The label's value; `undefined` where it is not there. Errors are never visible here. */
  get(id: number): string | undefined {
    if (this.#present[id] === this.#generation) return this.#text(id)
    if (this.#deleted[id] === this.#generation) return undefined
    return this.#base.values[id]
  }

  /**
   * Whether a parser that finds this name must use `<name>_extracted`: a stream label, deleted or not, or
   * metadata.
   */
  collides(id: number): boolean {
    if (this.#base.values[id] !== undefined) return true
    return this.#present[id] === this.#generation && this.#origins[id] === METADATA
  }

  /** Whether a parser or format has ever set this name on this line. */
  wasExtracted(id: number): boolean {
    return this.#extracted[id] === this.#generation
  }

  /** Sets a label as parsed, over whatever had the name. */
  setParsed(id: number, value: string): void {
    this.#set(id, value, PARSED)
    this.#extracted[id] = this.#generation
  }

  /** {@link setParsed} with a text that is made of `bytes[from, to)`, as UTF-8, when somebody looks at it. */
  setParsedBytes(id: number, bytes: Buffer, from: number, to: number): void {
    this.#set(id, undefined, PARSED)
    this.#extracted[id] = this.#generation
    this.#rawBytes[id] = bytes
    this.#rawFrom[id] = from
    this.#rawTo[id] = to
  }

  /**
   * The label as a number, where it was set from bytes that are plain decimal digits; `undefined` says
   * nothing.
   */
  decimal(id: number): number | undefined {
    if (this.#present[id] !== this.#generation || this.#values[id] !== undefined) return undefined
    return readDecimal(this.#rawBytes[id], this.#rawFrom[id], this.#rawTo[id])
  }

  /** Removes a label, also the stream's. */
  delete(id: number): void {
    this.#present[id] = -1
    this.#deleted[id] = this.#generation
    this.#touch(id)
  }

  /** Whether the label was deleted at some time on this line, even if set again since. */
  wasDeleted(id: number): boolean {
    return this.#deleted[id] === this.#generation
  }

  /** Sets the line's error; a later one replaces it. */
  setError(error: string, details: string): void {
    this.error = error
    this.errorDetails = details
  }

  /** Marks the line's error as one that a metric query tolerates. */
  preserveError(): void {
    this.#set(this.#preserveId, 'true', PARSED)
  }

  /** The line's `__error__` as its labels show it: set by a stage, or a field of that name. */
  get shownError(): string {
    if (this.error !== '') return this.error
    return this.#present[this.#errorId] === this.#generation ? this.#text(this.#errorId) : ''
  }

  /** Whether {@link preserveError} was called for this line. */
  get errorPreserved(): boolean {
    return this.#present[this.#preserveId] === this.#generation
  }

  /** Ids of every label that is there, in no particular order; errors are not among them. */
  forEach(visit: (id: number, value: string) => void): void {
    const { ids, values } = this.#base
    for (const id of ids) {
      if (this.#present[id] === this.#generation || this.#deleted[id] === this.#generation) continue
      visit(id, values[id] ?? '')
    }
    for (const id of this.#touched) {
      if (this.#present[id] === this.#generation) visit(id, this.#text(id))
    }
  }

  /** Whether the line has the stream's labels and nothing else. */
  get untouched(): boolean {
    return this.#touched.length === 0 && this.error === '' && this.errorDetails === ''
  }

  /** A text that two lines share exactly if their final labels, but for the stream's own, are the same. */
  overlayKey(): string {
    let key = `${this.error}\0${this.errorDetails}`
    for (const id of ascending(this.#touched)) {
      if (this.#present[id] === this.#generation) key += `\0${id}\x01${this.#text(id)}`
      else if (this.#deleted[id] === this.#generation) key += `\0${id}\x02`
    }
    return key
  }

  /** All final labels, sorted by name; labels with an empty value stay. */
  all(): Labels {
    const pairs: [string, string][] = []
    this.forEach((id, value) => {
      if (!this.#replacedByError(id)) pairs.push([this.names.names[id], value])
    })
    this.#pushErrors(pairs)
    return pairs.sort(byName)
  }

  /** All final labels, by origin. */
  split(): SplitLabels {
    const stream: [string, string][] = []
    const metadata: [string, string][] = []
    const parsed: [string, string][] = []
    this.forEach((id, value) => {
      if (this.#replacedByError(id)) return
      const overlaid = this.#present[id] === this.#generation
      const target = overlaid ? (this.#origins[id] === METADATA ? metadata : parsed) : stream
      target.push([this.names.names[id], value])
    })
    this.#pushErrors(parsed)
    return { stream: stream.sort(byName), metadata: metadata.sort(byName), parsed: parsed.sort(byName) }
  }

  /** {@link LineLabels.all} and {@link LineLabels.split} at once, of the same pairs. */
  both(): { readonly all: Labels; readonly split: SplitLabels } {
    const split = this.split()
    return { all: [...split.stream, ...split.metadata, ...split.parsed].sort(byName), split }
  }

  #replacedByError(id: number): boolean {
    return (id === this.#errorId && this.error !== '') || (id === this.#detailsId && this.errorDetails !== '')
  }

  #pushErrors(pairs: [string, string][]): void {
    if (this.error !== '') pairs.push([ERROR_LABEL, this.error])
    if (this.errorDetails !== '') pairs.push([ERROR_DETAILS_LABEL, this.errorDetails])
  }

  #addMetadata(metadata: Metadata): void {
    const { metadataIds } = this.#base
    let ids = metadata === this.#lastMetadata ? this.#lastIds : metadataIds.get(metadata)
    if (ids === undefined) {
      // Sets are shared between rows; where they are not, remembering them helps nobody.
      if (metadataIds.size >= MAX_METADATA_SETS) metadataIds.clear()
      metadataIds.set(metadata, (ids = metadata.map(([name]) => this.#metadataId(name))))
    }
    this.#lastMetadata = metadata
    this.#lastIds = ids
    for (let i = 0; i < ids.length; i++) {
      const id = ids[i]
      const value = metadata[i][1]
      if (id === this.#errorId) this.error = value
      else if (id === this.#detailsId) this.errorDetails = value
      else this.#set(id, value, METADATA)
    }
  }

  /** Metadata that has the name of a stream's label steps aside. */
  #metadataId(name: string): number {
    const id = this.names.intern(name)
    const isError = id === this.#errorId || id === this.#detailsId
    return !isError && this.#base.values[id] !== undefined ? this.names.extractedOf(id) : id
  }

  /** The text of a label that the overlay holds; made when it is first looked at. */
  #text(id: number): string {
    let text = this.#values[id]
    if (text === undefined) {
      text = this.#strings.decode(this.#rawBytes[id], this.#rawFrom[id], this.#rawTo[id])
      if (text.includes('\ufffd')) text = text.replaceAll('\ufffd', ' ')
      this.#values[id] = text
    }
    return text
  }

  #set(id: number, value: string | undefined, origin: number): void {
    this.#present[id] = this.#generation
    this.#values[id] = value
    this.#origins[id] = origin
    this.#touch(id)
  }

  #touch(id: number): void {
    if (this.#touchedIn[id] === this.#generation) return
    this.#touchedIn[id] = this.#generation
    this.#touched.push(id)
  }

  #baseOf(stream: StreamRef): BaseLabels {
    const known = this.#bases.get(stream)
    if (known !== undefined) return known
    const values: (string | undefined)[] = []
    const ids: number[] = []
    for (const [name, value] of stream.labels) {
      if (value === '') continue
      const id = this.names.intern(name)
      ids.push(id)
      while (values.length <= id) values.push(undefined)
      values[id] = value
    }
    const base = { ids, values, metadataIds: new Map() }
    this.#bases.set(stream, base)
    return base
  }
}

function byName(a: readonly [string, string], b: readonly [string, string]): number {
  return a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0
}

/** The ids in order; they mostly are, as lines name their fields in the same order. */
function ascending(ids: readonly number[]): readonly number[] {
  for (let i = 1; i < ids.length; i++) if (ids[i] < ids[i - 1]) return ids.toSorted((a, b) => a - b)
  return ids
}
