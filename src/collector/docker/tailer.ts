import type { Labels } from '#base/labels.ts'
import type { Logger } from '#base/logger.ts'
import type { LogsReceiver } from '../pipeline.ts'
import type { DockerClient } from './client.ts'
import type { Cursor } from './cursor.ts'
import type { PermissionNotes } from './permission-notes.ts'
import type { Semaphore } from './semaphore.ts'
import type { TailerCounters } from './tail-sink.ts'

/** Where the lines of a container go, and under which labels. May change while it is read. */
export interface TailerTarget {
  /** The labels of stdout and stderr lines; `undefined` where the rules drop the stream. */
  readonly labels: readonly [Labels | undefined, Labels | undefined]
  readonly receivers: readonly LogsReceiver[]
}

/** What all tailers of a component share. */
export interface TailerContext {
  readonly client: DockerClient
  readonly logger: Logger
  readonly counters: TailerCounters
  /**
   * Limits how many logs are opened at a time: the daemon reads a whole log to find the place to start from.
   */
  readonly opening: Semaphore
  readonly permissions: PermissionNotes
  /** The log of a container cannot be read, or can be again (`''`). */
  onProblem(id: string, problem: string): void
  /** Lines up to `cursor` have been delivered. */
  commit(id: string, cursor: Cursor): void
  /** Lowered by tests. */
  readonly stallCheckMs?: number
}

/** Reads the log of one container, for as long as the container exists and is a target. */
export interface ContainerTailer {
  readonly id: string
  update(target: TailerTarget): void
  /** The container is no longer a target. If it has stopped, its log is read to the end first. */
  release(): void
  /** Something has happened to the container: look at once. */
  look(): void
  /** Ends at once; what has been handed over is given `settleMs` to arrive. */
  stop(settleMs: number): Promise<void>
  /** Resolves when nothing more is to be read. */
  readonly finished: Promise<TailerEnd>
  info(): TailerInfo
}

/** Why a tailer ended; `gone`: the daemon no longer knows the container. */
export type TailerEnd = 'gone' | 'released' | 'stopped'

/** What the components API shows of a tailer. */
export interface TailerInfo {
  readonly lastError: string
  readonly isRunning: boolean
  readonly cursor: Cursor | undefined
}
