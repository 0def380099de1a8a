import type { FieldColumn, FieldParser, Metadata, RowBatch } from '#store/types.ts'

/** Where the value of a label comes from, for the rows of one batch that its columns understand. */
export type LabelSource =
  /** One value for every row: a label of the stream, or none. */
  | { readonly kind: 'constant'; readonly text: string | undefined }
  /** One value per metadata set of the batch. */
  | { readonly kind: 'metadata'; readonly texts: readonly (string | undefined)[] }
  /** What the parser extracts. */
  | { readonly kind: 'field'; readonly column: FieldColumn }

const NONE: LabelSource = { kind: 'constant', text: undefined }

/** A name that no field has: its column tells which rows the parser reads to their end. */
const NO_FIELD = ''

/**
 * The labels of a batch's rows behind a parser, as far as columns tell: the stream's labels win over
 * metadata, and both over fields, which then have other names.
 */
export class LabelSources {
  readonly #batch: RowBatch
  readonly #parser: FieldParser | undefined
  readonly #sources = new Map<string, LabelSource | undefined>()
  readonly #columns = new Set<FieldColumn>()

  /** `parser`: the only one that runs before the labels are looked at; undefined where none does. */
  constructor(batch: RowBatch, parser: FieldParser | undefined) {
    this.#batch = batch
    this.#parser = parser
  }

  /** Whether every label asked for so far is a field that the parser extracts. */
  get areFields(): boolean {
    for (const source of this.#sources.values()) if (source?.kind !== 'field') return false
    return true
  }

  /** The source of a label, or undefined where only the lines can tell. */
  of(name: string): LabelSource | undefined {
    let source = this.#sources.get(name)
    if (source === undefined && !this.#sources.has(name)) {
      source = this.#find(name)
      this.#sources.set(name, source)
    }
    return source
  }

  /**
   * Per row of the batch's arrays: 1 where the sources handed out so far do not hold. Undefined where they
   * hold for all of them. False where nothing is known of the parser.
   * @param stopsEarly whether what comes in a line behind the fields asked for does not matter
   */
  unproven(stopsEarly: boolean): Uint8Array | undefined | false {
    if (this.#parser !== undefined && this.#columns.size === 0) {
      const column = this.#batch.fields?.column(this.#parser, NO_FIELD)
      if (column === undefined) return false
      this.#columns.add(column)
    }
    let marks: Uint8Array | undefined
    for (const { unproven, early } of this.#columns) {
      if (unproven.length === 0 || (stopsEarly && early.length === unproven.length)) continue
      marks ??= new Uint8Array(this.#batch.tsMs.length)
      let next = 0
      for (let i = 0; i < unproven.length; i++) {
        const isEarly = next < early.length && early[next] === unproven[i]
        if (isEarly) next++
        if (!isEarly || !stopsEarly) marks[unproven[i]] = 1
      }
    }
    return marks
  }

  #find(name: string): LabelSource | undefined {
    const { stream, metadata, fields } = this.#batch
    const own = labelOf(stream.labels, name)
    if (own !== undefined && own !== '') return { kind: 'constant', text: own }
    const texts = metadata.map((set) => labelOf(set, name))
    const isMetadata = texts.some((text) => text !== undefined)
    if (this.#parser === undefined) return isMetadata ? { kind: 'metadata', texts } : NONE
    const column = fields?.column(this.#parser, name)
    if (column === undefined) return undefined
    this.#columns.add(column)
    if (!isMetadata) return { kind: 'field', column }
    const { used } = this
    // Rows of which some have the label from metadata and some from the line are rare.
    const isWhole = texts.every((text, set) => text !== undefined || used[set] === 0)
    return isWhole || isAbsent(column) ? { kind: 'metadata', texts } : undefined
  }

  /** Per metadata set of the batch: whether any of its rows has it. */
  get used(): Uint8Array {
    const { metadata, rowMetadata, rows } = this.#batch
    const used = new Uint8Array(metadata.length)
    for (let i = 0; i < rows.length; i++) used[rowMetadata[rows[i]]] = 1
    return used
  }
}

/** Whether metadata of the batch has names that mean something to the language itself. */
export function hasReservedMetadata({ metadata }: RowBatch): boolean {
  return metadata.some((set) => set.some(([name]) => name.startsWith('__')))
}

function labelOf(labels: Metadata, name: string): string | undefined {
  for (const [label, value] of labels) if (label === name) return value
  return undefined
}

function isAbsent({ values }: FieldColumn): boolean {
  const known = values()
  return known.kind === 'numbers' && known.numbers.length === 0
}
