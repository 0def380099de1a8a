/** The levels the page tells apart, from worst to least known. */
export const LEVELS = ['critical', 'error', 'warn', 'info', 'debug', 'trace', 'unknown'] as const

/** One of {@link LEVELS}. `fatal`, `panic`, `emergency` and `alert` count as critical. */
export type Level = (typeof LEVELS)[number]

const WORDS: Record<string, Level> = {
  trace: 'trace',
  trc: 'trace',
  verbose: 'debug',
  debug: 'debug',
  dbg: 'debug',
  info: 'info',
  inf: 'info',
  information: 'info',
  informational: 'info',
  notice: 'info',
  log: 'info',
  warn: 'warn',
  wrn: 'warn',
  warning: 'warn',
  err: 'error',
  error: 'error',
  eror: 'error',
  severe: 'error',
  crit: 'critical',
  critical: 'critical',
  fatal: 'critical',
  panic: 'critical',
  alert: 'critical',
  emerg: 'critical',
  emergency: 'critical',
}

/** The level a value names: words in any case, and the numbers of pino and bunyan (10 trace … 60 fatal). */
export function toLevel(value: string | undefined): Level {
  if (value === undefined) return 'unknown'
  if (/^[1-6]0$/.test(value)) {
    return (
      (['trace', 'debug', 'info', 'warn', 'error', 'critical'] as const)[Number(value[0]) - 1] ?? 'unknown'
    )
  }
  return WORDS[value.toLowerCase()] ?? 'unknown'
}

/** Field names that hold a level, as Loki's `log_level_fields` lists them. */
export const LEVEL_FIELDS: readonly string[] = [
  'level',
  'LEVEL',
  'Level',
  'log_level',
  'severity',
  'SEVERITY',
  'Severity',
  'SeverityText',
  'severity_text',
  'lvl',
  'LVL',
  'Lvl',
  'levelname',
]

/** Short names of one width, so that a level is readable without its colour. */
export const LEVEL_SHORT: Record<Level, string> = {
  critical: 'crit',
  error: 'error',
  warn: 'warn',
  info: 'info',
  debug: 'debug',
  trace: 'trace',
  unknown: '–',
}
