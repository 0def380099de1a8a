import type { Timestamp } from '#base/timestamp.ts'
import type { AnyValue, Attribute } from './any-value.ts'

/**
 * An `ExportLogsServiceRequest` (https://opentelemetry.io/docs/specs/otlp/), whatever it came as.
 */
export type LogData = readonly ResourceLogs[]

/** The records of one resource: a process, a pod. */
export interface ResourceLogs {
  readonly attributes: readonly Attribute[]
  readonly scopes: readonly ScopeLogs[]
}

/** The records of one instrumentation scope: a library within the process. */
export interface ScopeLogs {
  readonly name: string
  readonly version: string
  readonly droppedAttributes: number
  readonly attributes: readonly Attribute[]
  readonly records: readonly LogRecord[]
}

/** One record. Fields that are not set are `''`, 0 or undefined. */
export interface LogRecord {
  readonly time: Timestamp | undefined
  readonly observed: Timestamp | undefined
  readonly severityNumber: number
  readonly severityText: string
  readonly body: AnyValue
  readonly attributes: readonly Attribute[]
  readonly droppedAttributes: number
  readonly flags: number
  /** Lower-case hex. */
  readonly traceId: string
  readonly spanId: string
  readonly eventName: string
}
