/** Shows how far a backfill is: a bar on a terminal, a line from time to time elsewhere. */
export interface Progress {
  /** @param share of the work that is done, 0 … 1; undefined where the whole is not known */
  update(share: number | undefined, lines: number, bytes: number): void
  /** A message between the bars. */
  note(text: string): void
  /** Removes the bar. */
  end(): void
}

const BAR_WIDTH = 30
const TERMINAL_EVERY_MS = 200
const LOG_EVERY_MS = 10_000

/** A progress on a stream, standard error as a rule. */
export function makeProgress(stream: NodeJS.WritableStream & { readonly isTTY?: boolean }): Progress {
  const isTerminal = stream.isTTY === true
  const startedMs = Date.now()
  let shownMs = isTerminal ? 0 : startedMs
  let isShown = false
  const clear = (): void => {
    if (isShown) stream.write('\r\x1b[K')
    isShown = false
  }
  return {
    update(share, lines, bytes) {
      const nowMs = Date.now()
      if (nowMs - shownMs < (isTerminal ? TERMINAL_EVERY_MS : LOG_EVERY_MS)) return
      shownMs = nowMs
      const text = progressText(share, lines, bytes, nowMs - startedMs)
      if (isTerminal) {
        clear()
        stream.write(`${bar(share)}${text}`)
        isShown = true
      } else stream.write(`${text}\n`)
    },
    note(text) {
      clear()
      stream.write(`${text}\n`)
    },
    end: clear,
  }
}

function bar(share: number | undefined): string {
  if (share === undefined) return ''
  const full = Math.round(Math.min(1, share) * BAR_WIDTH)
  return `[${'#'.repeat(full)}${'-'.repeat(BAR_WIDTH - full)}] `
}

/** E.g. `42 %, 1200000 lines, 210.4 MB, 5.2 MB/s, 3 min left`. */
export function progressText(
  share: number | undefined,
  lines: number,
  bytes: number,
  elapsedMs: number,
): string {
  const seconds = Math.max(elapsedMs / 1000, 0.001)
  const parts = [`${lines} lines`, `${(bytes / 1e6).toFixed(1)} MB`]
  parts.push(`${(bytes / 1e6 / seconds).toFixed(1)} MB/s`)
  if (share === undefined) return parts.join(', ')
  parts.unshift(`${Math.floor(share * 100)} %`)
  if (share > 0.01 && share < 1) parts.push(`${timeText((seconds * (1 - share)) / share)} left`)
  return parts.join(', ')
}

function timeText(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`
  return seconds < 5400 ? `${Math.ceil(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`
}
