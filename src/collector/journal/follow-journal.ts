import type { ChildProcess } from 'node:child_process'

/** Which entries to read. */
export interface JournalQuery {
  /** A folder with journal files; the system's where empty. */
  readonly path: string
  /** `FIELD=value`, all of which must hold. */
  readonly matches: readonly string[]
  /** Where to go on, or from which time to begin. */
  readonly from: { readonly cursor: string } | { readonly sinceMs: number }
}

const PROGRAM = 'journalctl'
/** The longest entry; systemd itself takes none above 768 MB, and nobody means those. */
const MAX_ENTRY_BYTES = 16 * 1024 * 1024
const MAX_ERROR_CHARS = 2000
const NEWLINE = 0x0a

/**
 * Runs `journalctl --follow` and gives its lines to `onLines`, whose promise holds the next ones back: the
 * journal itself is the buffer. Resolves when `signal` has ended it.
 * @throws Error with what the program wrote to standard error when it ends by itself or cannot be run.
 */
export async function followJournal(
  query: JournalQuery,
  onLines: (lines: readonly string[]) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const { spawn } = process.getBuiltinModule('node:child_process')
  const child = spawn(PROGRAM, journalArgs(query), { stdio: ['ignore', 'pipe', 'pipe'] })
  const stop = (): void => void child.kill('SIGTERM')
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  let problem = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    problem = (problem + text).slice(-MAX_ERROR_CHARS)
  })
  const ended = whenEnded(child)
  try {
    await readLines(child.stdout, onLines)
    const status = await ended
    if (!signal.aborted)
      throw new Error(`${PROGRAM} has ended (${status}): ${problem.trim() || 'no message'}`)
  } finally {
    signal.removeEventListener('abort', stop)
    child.kill('SIGTERM')
  }
}

/** The arguments that ask `journalctl` for these entries. */
export function journalArgs({ path, matches, from }: JournalQuery): string[] {
  const start =
    'cursor' in from ? `--after-cursor=${from.cursor}` : `--since=@${Math.floor(from.sinceMs / 1000)}`
  const folder = path === '' ? [] : [`--directory=${path}`]
  return [
    '--output=json',
    '--all',
    '--follow',
    '--no-tail',
    '--no-pager',
    '--quiet',
    ...folder,
    start,
    ...matches,
  ]
}

function whenEnded(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('close', (code, signal) => resolve(code === null ? String(signal) : `status ${code}`))
  })
}

async function readLines(
  stream: AsyncIterable<Buffer>,
  onLines: (lines: readonly string[]) => Promise<void>,
): Promise<void> {
  let carry: Buffer = Buffer.alloc(0)
  for await (const chunk of stream) {
    const bytes = carry.length === 0 ? chunk : Buffer.concat([carry, chunk])
    const end = bytes.lastIndexOf(NEWLINE)
    carry = bytes.subarray(end + 1)
    if (carry.length > MAX_ENTRY_BYTES) throw new Error(`a journal entry exceeds ${MAX_ENTRY_BYTES} bytes`)
    if (end >= 0) await onLines(bytes.toString('utf8', 0, end).split('\n'))
  }
}
