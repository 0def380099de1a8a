import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { errorMessage, OperatorError } from '#base/errors.ts'

/** How far a backfill has come, so that it can go on where it was ended. */
export interface BackfillState {
  /** What is copied to where: a state serves no other command. */
  readonly job: string
  /** Lines of each file that are in the server, by path. */
  readonly files: Record<string, number>
  /** Copying from a Loki: the range, nanoseconds, and the moment up to which everything is copied. */
  range?: { readonly fromNs: string; readonly toNs: string; doneNs: string }
  /** Lines copied so far, over all runs. */
  lines: number
}

/** Where a state is kept. */
export interface StateFile {
  readonly state: BackfillState
  /** Whether an earlier run left it. */
  readonly isResumed: boolean
  /** Writes it; a crash leaves the old or the new one. */
  save(): void
}

/**
 * Opens a state file; without a path nothing is kept.
 * @throws OperatorError `backfill_state` where it belongs to another job or cannot be read
 */
export function openState(path: string | undefined, job: string): StateFile {
  const known = path === undefined ? undefined : readState(path)
  if (known !== undefined && known.job !== job) {
    throw new OperatorError(
      'backfill_state',
      `${path} belongs to another backfill (${known.job}); name another file, or remove it to begin anew`,
    )
  }
  const state = known ?? { job, files: {}, lines: 0 }
  return {
    state,
    isResumed: known !== undefined,
    save() {
      if (path === undefined) return
      try {
        writeFileSync(`${path}.tmp`, `${JSON.stringify(state)}\n`)
        renameSync(`${path}.tmp`, path)
      } catch (error) {
        rmSync(`${path}.tmp`, { force: true })
        throw new OperatorError('backfill_state', `--state ${path}: ${errorMessage(error)}`)
      }
    },
  }
}

function readState(path: string): BackfillState | undefined {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new OperatorError('backfill_state', `--state ${path}: ${errorMessage(error)}`)
  }
  try {
    const value = JSON.parse(text) as BackfillState
    if (typeof value.job === 'string' && typeof value.files === 'object' && typeof value.lines === 'number') {
      return value
    }
  } catch {
    // Whatever it is, it is no state.
  }
  throw new OperatorError('backfill_state', `--state ${path} is no state of a backfill; name another file`)
}
