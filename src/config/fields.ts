import { z } from 'zod'
import { parseGoDuration, parsePrometheusDuration } from '#base/duration.ts'
import { errorMessage } from '#base/errors.ts'
import { parseSize } from '#base/size.ts'

// A configuration is parsed a few times at most: compiling parsers for it takes longer than it saves.
z.config({ jitless: true })

/** How the value of a key is written, and so how a flag that sets it is read and how `/config` prints it. */
export type FieldKind =
  | 'string'
  | 'bool'
  | 'int'
  | 'float'
  | 'size'
  | 'goDuration'
  | 'promDuration'
  | 'time'
  | 'csv'
  | 'strings'
  | 'any'

/**
 * What is known about one key of the YAML. Kept in zod's registry, so one table serves parsing, flags and
 * editors.
 */
export interface FieldMeta {
  readonly kind: FieldKind
  /** Loki's default, as one would write it. */
  readonly initial: unknown
  /** The flag that sets it, without dash. */
  readonly flag?: string
}

/** What is known about a section (a YAML mapping with fixed keys). */
export interface SectionMeta {
  /** The Go type Loki names in `field x not found in type …`. */
  readonly goType: string
  /** Keys that are accepted although they are not listed, and ignored. */
  readonly tolerate?: RegExp
  /** Unknown keys draw a warning instead of an error. */
  readonly lenient?: boolean
  /** Why setting this section has no effect here; becomes one note when it is set. */
  readonly ignored?: string
}

type Refused = { readonly refused: string }

/** Go's way to name what YAML holds, for `cannot construct !!str … into …`. */
function yamlTag(value: unknown): string {
  if (typeof value === 'string') return `!!str \`${value}\``
  if (typeof value === 'boolean') return `!!bool \`${value}\``
  if (typeof value === 'number') return `${Number.isInteger(value) ? '!!int' : '!!float'} \`${value}\``
  return Array.isArray(value) ? '!!seq' : '!!map'
}

function refuse(value: unknown, goType: string): Refused {
  return { refused: `cannot construct ${yamlTag(value)} into ${goType}` }
}

function isRefused(value: unknown): value is Refused {
  return typeof value === 'object' && value !== null && 'refused' in value
}

function scalar<T>(
  kind: FieldKind,
  initial: unknown,
  flag: string | undefined,
  read: (v: unknown) => T | Refused,
) {
  const meta: FieldMeta = flag === undefined ? { kind, initial } : { kind, initial, flag }
  return z
    .unknown()
    .transform((value, context): T => {
      const result = read(value)
      if (!isRefused(result)) return result
      context.addIssue({ code: 'custom', message: result.refused, input: value })
      return z.NEVER
    })
    .prefault(initial)
    .meta({ ...meta })
}

function readThrough<T>(value: unknown, goType: string, parse: (text: string) => T): T | Refused {
  if (typeof value !== 'string' && typeof value !== 'number') return refuse(value, goType)
  try {
    return parse(String(value))
  } catch (error) {
    return { refused: `${refuse(value, goType).refused}: ${errorMessage(error)}` }
  }
}

/** Text; numbers and booleans are taken as written. */
export function text(initial: string, flag?: string) {
  return scalar('string', initial, flag, (v) => (typeof v === 'object' ? refuse(v, 'string') : String(v)))
}

/** `true` or `false`. */
export function bool(initial: boolean, flag?: string) {
  return scalar('bool', initial, flag, (v) => {
    if (typeof v === 'boolean') return v
    // Go's YAML decoder takes the words of YAML 1.1 where a bool is wanted.
    if (typeof v === 'string' && /^(?:yes|on|y)$/i.test(v)) return true
    return typeof v === 'string' && /^(?:no|off|n)$/i.test(v) ? false : refuse(v, 'bool')
  })
}

/** A whole number. */
export function int(initial: number, flag?: string) {
  return scalar('int', initial, flag, (v) =>
    typeof v === 'number' && Number.isInteger(v) ? v : refuse(v, 'int'),
  )
}

/** A number. */
export function float(initial: number, flag?: string) {
  return scalar('float', initial, flag, (v) => (typeof v === 'number' ? v : refuse(v, 'float64')))
}

/** Bytes, written `256KB` or as an integer; see `#base/size.ts`. */
export function size(initial: string, flag?: string) {
  return scalar('size', initial, flag, (v) => readThrough(v, 'flagext.ByteSize', parseSize))
}

/** A Go duration (`10m`, `1.5h`); the value is milliseconds. */
export function goDuration(initial: string, flag?: string) {
  return scalar('goDuration', initial, flag, (v) => readThrough(v, 'time.Duration', parseGoDuration))
}

/** A Prometheus duration (`744h`, `30d`); the value is milliseconds. */
export function promDuration(initial: string, flag?: string) {
  return scalar('promDuration', initial, flag, (v) =>
    readThrough(v, 'model.Duration', parsePrometheusDuration),
  )
}

/**
 * A moment: RFC 3339, `2030-01-01T00:00` or `2030-01-01`; the value is milliseconds since the epoch, 0
 * where unset.
 */
export function time(initial: string, flag?: string) {
  return scalar('time', initial, flag, (v) => readThrough(v, 'flagext.Time', parseTime))
}

function parseTime(written: string): number {
  if (written === '0') return 0
  const shape = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d))?)?$/
  const ms = shape.test(written) ? Date.parse(written.length === 16 ? `${written}Z` : written) : Number.NaN
  if (Number.isNaN(ms)) throw new Error(`failed to parse time: ${JSON.stringify(written)}`)
  return ms
}

/** A list written as one comma separated text; a YAML list is refused, as in Loki. */
export function csv(initial: string, flag?: string) {
  return scalar('csv', initial, flag, (v): string[] | Refused => {
    if (typeof v === 'object') return refuse(v, 'string')
    return String(v)
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== '')
  })
}

/** A YAML list of texts. */
export function strings(initial: readonly string[], flag?: string) {
  return scalar('strings', initial, flag, (v): string[] | Refused => {
    if (typeof v === 'string') return v === '' ? [] : v.split(',')
    return Array.isArray(v) ? v.map(String) : refuse(v, '[]string')
  })
}

/** Anything: keys that are accepted as they are and not looked into. */
export function anything(initial: unknown = undefined) {
  return z.unknown().prefault(initial).meta({ kind: 'any', initial })
}

/** A mapping with fixed keys. Unknown keys are found apart, in the YAML itself, where positions are known. */
export function section<S extends z.core.$ZodLooseShape>(meta: SectionMeta, shape: S) {
  return z
    .object(shape)
    .prefault({} as never)
    .meta({ ...meta })
}

/** A section that is accepted whatever is in it, and has no effect on a single node. */
export function ignoredSection(why: string) {
  return z.unknown().prefault({}).meta({ kind: 'any', initial: {}, ignored: why })
}

/** A YAML list of mappings (or of anything else that has a schema). */
export function listOf<T extends z.ZodType>(item: T) {
  return z.array(item, 'cannot construct !!map into []object').prefault([]).meta({ kind: 'any', initial: [] })
}

/** A YAML mapping from free names to values of one shape. */
export function mapOf<T extends z.ZodType>(value: T) {
  return z
    .record(z.string(), value, 'cannot construct !!str into map')
    .prefault({})
    .meta({ kind: 'any', initial: {} })
}
