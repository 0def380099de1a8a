/** One entry of the journal, as `journalctl --output=json` prints it. */
export interface JournalEntry {
  /** Where the entry stands; reading goes on after it. */
  readonly cursor: string
  /** Milliseconds since the epoch and nanoseconds within them. */
  readonly tsMs: number
  readonly tsNs: number
  /** The fields without those that start with two underscores. Of several values of one field the first. */
  readonly fields: Readonly<Record<string, string>>
}

const PRIORITIES = ['emerg', 'alert', 'crit', 'error', 'warning', 'notice', 'info', 'debug']

/**
 * Reads one line of `journalctl --output=json`: values are strings, lists of them where a field occurs
 * several times, and lists of numbers where they are not UTF-8. Source: the Journal JSON format of systemd.
 * @throws Error when it is not such a line.
 */
export function parseJournalLine(line: string): JournalEntry {
  const parsed: unknown = JSON.parse(line)
  if (typeof parsed !== 'object' || parsed === null) throw new Error('not a journal entry')
  const { __CURSOR: cursor, __REALTIME_TIMESTAMP: micros } = parsed as Record<string, unknown>
  if (typeof cursor !== 'string' || typeof micros !== 'string' || !/^\d{1,17}$/.test(micros)) {
    throw new Error('a journal entry without a cursor or a time')
  }
  const fields: Record<string, string> = {}
  for (const [name, value] of Object.entries(parsed)) {
    const text = name.startsWith('__') ? undefined : fieldText(value)
    if (text !== undefined) fields[name] = text
  }
  const us = Number(micros)
  return { cursor, tsMs: Math.floor(us / 1000), tsNs: (us % 1000) * 1000, fields }
}

function fieldText(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  if (!Array.isArray(value) || value.length === 0) return undefined
  if (typeof value[0] === 'number') return Buffer.from(value as number[]).toString()
  return fieldText(value[0])
}

/** The labels that relabel rules see: `__journal_<field>` in lower case, and the priority by its name. */
export function journalLabels(fields: Readonly<Record<string, string>>): Record<string, string> {
  const labels: Record<string, string> = {}
  for (const [name, value] of Object.entries(fields)) {
    if (name === 'PRIORITY') {
      const keyword = PRIORITIES[Number(value)]
      if (keyword !== undefined) labels.__journal_priority_keyword = keyword
    }
    labels[`__journal_${name.toLowerCase().replace(/[^a-z0-9_]/g, '_')}`] = value
  }
  return labels
}

/** When the entry of a cursor was written, in milliseconds since the epoch; `undefined` where it hides it. */
export function cursorMs(cursor: string): number | undefined {
  const hex = /(?:^|;)t=([0-9a-f]{1,14})(?:;|$)/.exec(cursor)?.[1]
  return hex === undefined ? undefined : Math.floor(Number.parseInt(hex, 16) / 1000)
}
