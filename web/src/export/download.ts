import { queryRange } from '../loki/api.ts'
import { type NsRange, nextWindow, takePage } from '../rows/pager.ts'
import type { LogRow } from '../rows/row.ts'
import type { Exporter } from './formats.ts'

const PAGE = 5000

/** What to download: every line a query matches in a window. */
export interface DownloadRequest {
  readonly query: string
  readonly window: NsRange
  readonly direction: 'backward' | 'forward'
  readonly exporter: Exporter
  readonly fileName: string
}

/** Called after every page with the number of lines so far. */
export type Progress = (lines: number) => void

/**
 * Downloads all lines page by page. Where the browser can write to a file, nothing is kept in memory;
 * elsewhere the file is put together first. Resolves with the number of lines; an abort leaves no file.
 */
export async function download(
  request: DownloadRequest,
  progress: Progress,
  signal: AbortSignal,
): Promise<number> {
  const sink = await openSink(request)
  try {
    await sink.write(request.exporter.head)
    let lines = 0
    for await (const rows of allPages(request, signal)) {
      await sink.write(rows.map(request.exporter.row).join(''))
      lines += rows.length
      progress(lines)
    }
    await sink.close()
    return lines
  } catch (error) {
    await sink.abort()
    throw error
  }
}

/** Every page of a query's lines, without gap or repeat. */
async function* allPages(request: DownloadRequest, signal: AbortSignal): AsyncGenerator<readonly LogRow[]> {
  const { query, window, direction } = request
  let boundary: readonly LogRow[] = []
  for (;;) {
    const range = nextWindow(boundary, direction, window)
    const answer = await queryRange({ query, ...range, limit: PAGE, direction }, signal)
    const { fresh, done, stuck } = takePage(boundary, answer.rows, PAGE)
    if (stuck) throw new Error(`More than ${PAGE} lines share one nanosecond: narrow the query.`)
    yield fresh
    if (done) return
    // The known lines of the boundary count too: a page may end within one nanosecond twice.
    boundary = [...boundary.filter((row) => row.tsNs === fresh.at(-1)?.tsNs), ...fresh]
  }
}

interface Sink {
  readonly write: (text: string) => Promise<void>
  readonly close: () => Promise<void>
  readonly abort: () => Promise<void>
}

interface FilePicker {
  readonly showSaveFilePicker?: (options: { suggestedName: string }) => Promise<FileSystemFileHandle>
}

async function openSink(request: DownloadRequest): Promise<Sink> {
  const { showSaveFilePicker } = globalThis as FilePicker
  if (showSaveFilePicker === undefined || navigator.webdriver) return memorySink(request)
  const handle = await showSaveFilePicker({ suggestedName: request.fileName })
  const file = await handle.createWritable()
  return { write: (text) => file.write(text), close: () => file.close(), abort: () => file.abort() }
}

function memorySink({ exporter, fileName }: DownloadRequest): Sink {
  const parts: Blob[] = []
  return {
    write: async (text) => {
      parts.push(new Blob([text]))
    },
    close: async () => {
      const url = URL.createObjectURL(new Blob(parts, { type: exporter.type }))
      const link = document.createElement('a')
      link.href = url
      link.download = fileName
      link.click()
      setTimeout(() => URL.revokeObjectURL(url), 60_000)
    },
    abort: async () => {
      parts.length = 0
    },
  }
}
