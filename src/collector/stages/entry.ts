import { formatGoFloat } from '#base/gofloat.ts'
import { type Labels, makeLabels } from '#base/labels.ts'
import type { Delivery, LogEntry } from '../pipeline.ts'

/** A value that a stage has extracted: text, number, boolean, null, or anything JSON can hold. */
export type Extracted = unknown

/**
 * A log entry on its way through the stages of loki.process. Unlike a `LogEntry` it is changed in place;
 * labels and text are made only when a stage asks for them.
 */
export class StageEntry {
  tsMs: number
  tsNs: number
  metadata: Labels
  /** Holds the entry's place in the source: whoever drops the entry calls `done()`. */
  delivery: Delivery
  #line: string | Uint8Array
  #labels: Labels
  #changedLabels: Map<string, string> | undefined
  #extracted: Map<string, Extracted> | undefined

  constructor(labels: Labels, entry: LogEntry, delivery: Delivery) {
    this.#labels = labels
    this.#line = entry.line
    this.tsMs = entry.tsMs
    this.tsNs = entry.tsNs
    this.metadata = entry.metadata
    this.delivery = delivery
  }

  /** The line as text; bytes that are no UTF-8 become U+FFFD. */
  get line(): string {
    if (typeof this.#line !== 'string') this.#line = textOf(this.#line)
    return this.#line
  }

  set line(text: string) {
    this.#line = text
  }

  /** The line in whatever form it is there. */
  get rawLine(): string | Uint8Array {
    return this.#line
  }

  /** Values by key, at first all labels; stages add to it. */
  get extracted(): Map<string, Extracted> {
    this.#extracted ??= new Map(this.#changedLabels ?? this.#labels)
    return this.#extracted
  }

  /** The value of a label, or `''`. */
  label(name: string): string {
    if (this.#changedLabels !== undefined) return this.#changedLabels.get(name) ?? ''
    for (const [labelName, value] of this.#labels) if (labelName === name) return value
    return ''
  }

  /** Sets a label; the empty value removes it. */
  setLabel(name: string, value: string): void {
    if (this.label(name) === value) return
    // What was extracted so far holds the labels as they were at the start, so it must be made first.
    this.#extracted ??= new Map(this.#labels)
    this.#changedLabels ??= new Map(this.#labels)
    if (value === '') this.#changedLabels.delete(name)
    else this.#changedLabels.set(name, value)
  }

  /** All labels. The same object for every entry of a batch whose labels no stage has changed. */
  get labels(): Labels {
    if (this.#changedLabels === undefined) return this.#labels
    this.#labels = makeLabels(this.#changedLabels)
    this.#changedLabels = undefined
    return this.#labels
  }

  /** The entry as it goes on to other components. */
  toEntry(): LogEntry {
    return { tsMs: this.tsMs, tsNs: this.tsNs, line: this.#line, metadata: this.metadata }
  }

  /**
   * Another entry with the same labels, stamp and extracted values, which holds the same place in the source.
   */
  copyWith(line: string): StageEntry {
    this.delivery.hold()
    const copy = new StageEntry(this.labels, { ...this.toEntry(), line }, this.delivery)
    copy.#extracted = new Map(this.extracted)
    return copy
  }
}

/** Text of a line's bytes. */
export function textOf(line: string | Uint8Array): string {
  if (typeof line === 'string') return line
  return Buffer.from(line.buffer, line.byteOffset, line.byteLength).toString()
}

/**
 * An extracted value as text: text as it is, numbers without an exponent, `true` and `false`. `undefined` for
 * null and everything else, which no stage can use as text.
 */
export function extractedText(value: Extracted): string | undefined {
  if (typeof value === 'string') return value
  if (typeof value === 'boolean') return String(value)
  if (typeof value === 'number' && Number.isFinite(value)) return formatGoFloat(value)
  return undefined
}
