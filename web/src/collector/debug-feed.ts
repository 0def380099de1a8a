import { LokiError } from '../loki/http.ts'
import { debugPath } from './api.ts'

/** A line on its way into or out of a component. */
export interface DebugLine {
  readonly direction: 'in' | 'out'
  /** RFC 3339 with nanoseconds. */
  readonly time: string
  readonly labels: Readonly<Record<string, string>>
  readonly metadata: Readonly<Record<string, string>>
  /** Its beginning. */
  readonly line: string
  /** Length of the whole line. */
  readonly chars: number
}

/** What a chunk of the feed brought. */
export interface DebugChunk {
  readonly lines: readonly DebugLine[]
  /** Lines that went through and were not shown, because nobody could read that fast. */
  readonly skipped: number
}

/**
 * Follows the lines of a component until `signal` ends or the collector does.
 * Throws {@link LokiError} where the collector refuses.
 */
export async function followDebug(
  id: string,
  onChunk: (chunk: DebugChunk) => void,
  signal: AbortSignal,
): Promise<void> {
  const response = await fetch(new URL(debugPath(id), document.baseURI), { signal })
  if (!response.ok || response.body === null)
    throw new LokiError(response.status, (await response.text()).trim())
  let rest = ''
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    const parsed = parseChunk(rest + value)
    rest = parsed.rest
    if (parsed.lines.length > 0 || parsed.skipped > 0) onChunk(parsed)
  }
}

/** Reads the complete objects of a feed; what is begun only is `rest`. What is no JSON is passed over. */
export function parseChunk(text: string): DebugChunk & { readonly rest: string } {
  const parts = text.split('\n')
  const rest = parts.pop() ?? ''
  const lines: DebugLine[] = []
  let skipped = 0
  for (const part of parts) {
    const object = parseObject(part)
    if (object === null) continue
    if (typeof object.line === 'string') lines.push(object as unknown as DebugLine)
    else if (typeof object.skipped === 'number') skipped += object.skipped
  }
  return { lines, skipped, rest }
}

function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' ? (value as Record<string, unknown> | null) : null
  } catch {
    return null
  }
}
