import { isIP } from 'node:net'
import { parsePrometheusDuration, printGoDuration } from '#base/duration.ts'
import { compileRegex } from '#base/regex/regex.ts'
import { LabelMap } from '#base/template/exec.ts'
import { type FunctionTable, fn } from '#base/template/functions.ts'
import { BUILTIN_FUNCTIONS } from '#base/template/functions-builtin.ts'
import { type GoTime, UTC } from '#base/template/go-time.ts'
import { printValue } from '#base/template/print.ts'
import { timeText } from '#base/template/time-layout.ts'
import { isMap, type Value } from '#base/template/values.ts'
import { humanize, humanize1024, humanizeDuration, humanizePercentage } from './humanize.ts'

/** What the functions of a template need from around it. */
export interface TemplateWorld {
  readonly externalUrl: string
  readonly nowMs: number
  /** The samples of a query, as maps with `Labels` and `Value`. @throws to have it answered first */
  query(text: string): Value
}

/**
 * What templates of rules can call:
 * https://prometheus.io/docs/prometheus/latest/configuration/template_reference/
 */
export function ruleFunctions(world: TemplateWorld): FunctionTable {
  const path = (): string => URL.parse(world.externalUrl)?.pathname.replace(/\/$/, '') ?? ''
  return {
    ...BUILTIN_FUNCTIONS,
    ...SAMPLE_FUNCTIONS,
    ...STRING_FUNCTIONS,
    ...NUMBER_FUNCTIONS,
    query: fn('string', (text: string) => world.query(text)),
    externalURL: fn('', () => world.externalUrl),
    pathPrefix: fn('', path),
    now: fn('', () => world.nowMs / 1000),
    graphLink: fn('string', (expr: string) => link(expr, 0)),
    tableLink: fn('string', (expr: string) => link(expr, 1)),
  }
}

function link(expr: string, tab: number): string {
  return `/graph?g0.expr=${encodeURIComponent(expr).replaceAll('%20', '+')}&g0.tab=${tab}`
}

function member(sample: Value, name: string): Value {
  if (!isMap(sample)) throw new Error('a sample is wanted, as `first` gives it')
  return sample.get(name)
}

function list(samples: Value): readonly Value[] {
  if (!Array.isArray(samples)) throw new Error('a list of samples is wanted, as `query` gives it')
  return samples as readonly Value[]
}

function labelOf(name: string, sample: Value): string {
  const labels = member(sample, 'Labels')
  return isMap(labels) ? String(labels.get(name) ?? '') : ''
}

const SAMPLE_FUNCTIONS: FunctionTable = {
  first: fn('any', (samples: Value) => {
    const [first] = list(samples)
    if (first === undefined) throw new Error('first() called on vector with no elements')
    return first
  }),
  label: fn('string, any', labelOf),
  value: fn('any', (sample: Value) => member(sample, 'Value')),
  strvalue: fn('any', (sample: Value) => labelOf('__value__', sample)),
  sortByLabel: fn('string, any', (name: string, samples: Value) =>
    list(samples).toSorted((a, b) => (labelOf(name, a) < labelOf(name, b) ? -1 : 1)),
  ),
  args: fn('…any', (...values: Value[]) => new LabelMap(values.map((value, i) => [`arg${i}`, value]))),
}

const STRING_FUNCTIONS: FunctionTable = {
  reReplaceAll: fn('string, string, string', (pattern: string, replacement: string, text: string) =>
    compileRegex(pattern).replaceAll(text, replacement),
  ),
  safeHtml: fn('string', (text: string) => text),
  match: fn('string, string', (pattern: string, text: string) => compileRegex(pattern).test(text)),
  title: fn('string', (text: string) =>
    text.replace(/(^|[^\p{L}\p{N}_'])(\p{L})/gu, (all) => all.toUpperCase()),
  ),
  toUpper: fn('string', (text: string) => text.toUpperCase()),
  toLower: fn('string', (text: string) => text.toLowerCase()),
  stripPort: fn('string', (host: string) => splitPort(host).host),
  stripDomain: fn('string', stripDomain),
  urlQueryEscape: fn('string', (text: string) => encodeURIComponent(text).replaceAll('%20', '+')),
}

function splitPort(text: string): { host: string; port: string } {
  const match = /^(\[[^\]]*\]|[^:]*)(:\d*)$/.exec(text)
  return { host: (match?.[1] ?? text).replace(/^\[(.*)\]$/, '$1'), port: match?.[2] ?? '' }
}

/** `host.example.org:80` to `host:80`; addresses stay. */
function stripDomain(text: string): string {
  const { host, port } = splitPort(text)
  return isIP(host) === 0 ? host.split('.')[0] + port : text
}

const NUMBER_FUNCTIONS: FunctionTable = {
  humanize: fn('any', (value: Value) => humanize(toNumber(value))),
  humanize1024: fn('any', (value: Value) => humanize1024(toNumber(value))),
  humanizeDuration: fn('any', (value: Value) => humanizeDuration(toNumber(value))),
  humanizePercentage: fn('any', (value: Value) => humanizePercentage(toNumber(value))),
  humanizeTimestamp: fn('any', (value: Value) => {
    const seconds = toNumber(value)
    return Number.isFinite(seconds) ? timeText(momentOf(seconds)) : printValue(seconds)
  }),
  toTime: fn('any', (value: Value) => momentOf(toNumber(value))),
  toDuration: fn('any', (value: Value) => printGoDuration(toNumber(value) * 1000)),
  parseDuration: fn('string', (text: string) => parsePrometheusDuration(text) / 1000),
}

function momentOf(seconds: number): GoTime {
  const ms = Math.floor(seconds * 1000)
  return { ms, ns: 0, zone: UTC }
}

function toNumber(value: Value): number {
  if (typeof value === 'number' || typeof value === 'bigint') return Number(value)
  if (typeof value === 'string' && value !== '' && !Number.isNaN(Number(value))) return Number(value)
  if (value === 'NaN') return Number.NaN
  throw new Error(`can't convert ${printValue(value)} to float`)
}
