import { parsePrometheusDuration } from '#base/duration.ts'
import { parseSize } from '#base/size.ts'
import { getAt } from '#config/tree.ts'
import type { YamlSource } from '#config/yaml-source.ts'
import type { Finding } from './finding.ts'
import { keyPlace } from './yaml.ts'

interface LimitRule {
  readonly key: string
  readonly kind: 'number' | 'size' | 'duration'
  /** Below this it hurts. Bytes for sizes, milliseconds for durations. */
  readonly min: number
  /** How a good value is written. */
  readonly better: string
  /** 0 turns the limit off, so it is not too small. */
  readonly zeroIsOff: boolean
  readonly what: string
  readonly why: string
}

/** Limits that are set too small in practice, with what is lost then. */
const LIMITS: readonly LimitRule[] = [
  {
    key: 'max_line_size',
    kind: 'size',
    min: 16 * 1024,
    better: '256KB',
    zeroIsOff: true,
    what: 'stack traces and JSON lines above it are refused',
    why:
      'Docker alone cuts lines at 16 KiB and collectors join them again; a line above the limit is lost ' +
      'for good.',
  },
  {
    key: 'ingestion_rate_mb',
    kind: 'number',
    min: 1,
    better: '4',
    zeroIsOff: false,
    what: 'a busy minute is answered with 429',
    why: 'The rate counts for the whole tenant; collectors retry for a while and then drop.',
  },
  {
    key: 'ingestion_burst_size_mb',
    kind: 'number',
    min: 2,
    better: '6',
    zeroIsOff: false,
    what: 'larger pushes are refused however idle the server is',
    why:
      'The burst is also the size of the largest single push, and collectors send batches of 1 MiB and ' +
      'a little more.',
  },
  {
    key: 'per_stream_rate_limit',
    kind: 'size',
    min: 256 * 1024,
    better: '3MB',
    zeroIsOff: false,
    what: 'one chatty container is cut off while the server is idle',
    why: 'The limit counts per stream and second; reading a backlog after a restart easily exceeds it.',
  },
  {
    key: 'max_entries_limit_per_query',
    kind: 'number',
    min: 1000,
    better: '5000',
    zeroIsOff: true,
    what: 'Grafana\'s log view fails with "max entries limit per query exceeded"',
    why: 'Grafana asks for 1000 lines by default, and a query above the limit is refused, not cut.',
  },
  {
    key: 'max_global_streams_per_user',
    kind: 'number',
    min: 100,
    better: '5000',
    zeroIsOff: true,
    what: 'new containers are refused with 429 once so many streams exist',
    why: 'Every combination of label values is a stream of its own.',
  },
  {
    key: 'reject_old_samples_max_age',
    kind: 'duration',
    min: 3_600_000,
    better: '1w',
    zeroIsOff: true,
    what: "after an outage the collector's backlog is refused as too old",
    why: 'Lines are sent with the time they were written; whatever waited longer than this is lost.',
  },
]

/** Warns of limits that are set below what ordinary use needs. */
export function adviseLimits(source: YamlSource): Finding[] {
  return LIMITS.flatMap((rule) => {
    const value = getAt(source.value, ['limits_config', rule.key])
    const amount = amountOf(rule.kind, value)
    if (amount === undefined || amount >= rule.min || (amount === 0 && rule.zeroIsOff)) return []
    const path = ['limits_config', rule.key]
    return [
      {
        code: 'loki-limit-small',
        severity: 'warning' as const,
        ...keyPlace(source, path),
        what: `\`${rule.key}: ${String(value)}\` is small: ${rule.what}`,
        why: rule.why,
        fix: 'Raise it; the default is a good start.',
        example: `limits_config:\n  ${rule.key}: ${rule.better}`,
      },
    ]
  })
}

/** The value in the rule's unit; `undefined` where it is unset or unreadable (the loader says so). */
function amountOf(kind: LimitRule['kind'], value: unknown): number | undefined {
  if (kind === 'number') return typeof value === 'number' ? value : undefined
  if (typeof value !== 'string' && typeof value !== 'number') return undefined
  try {
    return kind === 'size' ? parseSize(String(value)) : parsePrometheusDuration(String(value))
  } catch {
    return undefined
  }
}
