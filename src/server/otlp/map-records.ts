import { type Timestamp, timestampText } from '#base/timestamp.ts'
import { addRow, type DraftBatch, makeDraft } from '../push/draft-batch.ts'
import { normalizeName } from '../push/metadata.ts'
import { type Attribute, anyValueText, flattenAttribute } from './any-value.ts'
import type { AttributeAction, AttributeRules } from './attribute-rules.ts'
import type { LogData, LogRecord, ResourceLogs, ScopeLogs } from './log-data.ts'

type Pair = [name: string, value: string]

interface PendingStream {
  readonly labels: readonly Pair[]
  readonly rows: PendingRow[]
}

interface PendingRow {
  readonly time: Timestamp
  readonly line: string
  /** Structured metadata as JSON, `[["name","value"],…]`. */
  readonly metadata: string
}

/** Labels and metadata that a part of the request gives to all of its records. */
interface Shared {
  readonly labels: readonly Pair[]
  readonly metadata: readonly Pair[]
}

/**
 * Turns OTLP records into rows as Loki does: resource attributes of the index list become stream labels, the
 * rest structured metadata, the body the line. Rows of one label set make one stream.
 */
export function mapOtlpRecords(data: LogData, rules: AttributeRules, nowMs: number): DraftBatch {
  const streams = new Map<string, PendingStream>()
  for (const resource of data) {
    const shared = mapResource(resource, rules)
    for (const scope of resource.scopes) {
      const inScope = { ...shared, metadata: [...shared.metadata, ...mapScope(scope, rules)] }
      for (const record of scope.records) addRecord(streams, record, inScope, rules, nowMs)
    }
  }
  return toDraft([...streams.values()])
}

/** Sorts an attribute's pairs into labels and metadata. */
function place(
  attribute: Attribute,
  action: AttributeAction,
  { labels, metadata }: { labels: Pair[]; metadata: Pair[] },
): void {
  if (action === 'drop') return
  const pairs: Pair[] = []
  flattenAttribute(attribute, pairs)
  const target = action === 'index_label' ? labels : metadata
  for (const [name, value] of pairs) target.push([normalizeName(name) ?? name, value])
}

function mapResource({ attributes }: ResourceLogs, rules: AttributeRules): Shared {
  const shared = { labels: [] as Pair[], metadata: [] as Pair[] }
  for (const attribute of attributes) place(attribute, rules.resource(attribute[0]), shared)
  return shared
}

function mapScope(scope: ScopeLogs, rules: AttributeRules): Pair[] {
  const metadata: Pair[] = []
  for (const attribute of scope.attributes) {
    place(attribute, rules.scope(attribute[0]), { labels: [], metadata })
  }
  addText(metadata, 'scope_name', scope.name)
  addText(metadata, 'scope_version', scope.version)
  addNumber(metadata, 'scope_dropped_attributes_count', scope.droppedAttributes)
  return metadata
}

function addText(pairs: Pair[], name: string, value: string): void {
  if (value !== '') pairs.push([name, value])
}

function addNumber(pairs: Pair[], name: string, value: number): void {
  if (value !== 0) pairs.push([name, String(value)])
}

function addRecord(
  streams: Map<string, PendingStream>,
  record: LogRecord,
  shared: Shared,
  rules: AttributeRules,
  nowMs: number,
): void {
  const labels = [...shared.labels]
  const metadata = [...shared.metadata]
  for (const attribute of record.attributes) {
    place(attribute, rules.log(attribute[0]), { labels, metadata })
  }
  const { time, observed } = record
  if (time !== undefined && observed !== undefined) {
    metadata.push(['observed_timestamp', timestampText(observed.ms, observed.ns)])
  }
  addNumber(metadata, 'severity_number', record.severityNumber)
  addText(rules.severityTextAsLabel ? labels : metadata, 'severity_text', record.severityText)
  addText(metadata, 'trace_id', record.traceId)
  addText(metadata, 'span_id', record.spanId)
  addNumber(metadata, 'flags', record.flags)
  addNumber(metadata, 'dropped_attributes_count', record.droppedAttributes)
  addText(metadata, 'event_name', record.eventName)
  const sorted = lastOfEach(labels)
  const key = JSON.stringify(sorted)
  let stream = streams.get(key)
  if (stream === undefined) streams.set(key, (stream = { labels: sorted, rows: [] }))
  stream.rows.push({
    time: time ?? observed ?? { ms: nowMs, ns: 0 },
    line: anyValueText(record.body),
    metadata: metadata.length === 0 ? '' : JSON.stringify(lastOfEach(metadata)),
  })
}

/** Sorted by name; of a repeated name the last pair, which is the nearest to the record. */
function lastOfEach(pairs: readonly Pair[]): Pair[] {
  return [...new Map(pairs)].sort(([a], [b]) => (a < b ? -1 : 1))
}

/** Lines and metadata one behind the other in one buffer. */
function toDraft(streams: readonly PendingStream[]): DraftBatch {
  let size = 0
  let rows = 0
  for (const stream of streams) {
    rows += stream.rows.length
    for (const { line, metadata } of stream.rows)
      size += Buffer.byteLength(line) + Buffer.byteLength(metadata)
  }
  const bytes = Buffer.allocUnsafe(size)
  const draft = makeDraft(bytes, readMetadata, rows)
  let at = 0
  for (const { labels, rows: pending } of streams) {
    const from = draft.rows
    for (const { time, line, metadata } of pending) {
      const row = addRow(draft)
      draft.tsMs[row] = time.ms
      draft.tsNs[row] = time.ns
      draft.lineFrom[row] = at
      at += bytes.write(line, at)
      draft.lineTo[row] = at
      draft.metaFrom[row] = at
      at += bytes.write(metadata, at)
      draft.metaTo[row] = at
    }
    const key = JSON.stringify(labels)
    draft.streams.push({ labels: { key, pairs: () => labels }, from, to: draft.rows })
  }
  return draft
}

function readMetadata(bytes: Buffer, from: number, to: number): Pair[] {
  return JSON.parse(bytes.toString('utf8', from, to)) as Pair[]
}
