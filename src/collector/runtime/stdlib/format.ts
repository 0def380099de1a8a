import { goQuote } from '#base/goquote.ts'
import { isSecret } from '../secret.ts'
import { isArray, isNumber, isObject, numberText, type Value } from '../value.ts'

const VERB = /%([-+# 0]*)(\d+)?(?:\.(\d*))?([\s\S]?)/gu

interface Directive {
  readonly flags: string
  readonly width: number
  readonly precision: number | undefined
  readonly verb: string
}

/**
 * Go's `fmt.Sprintf` over values of the language. Never throws: wrong verbs and missing arguments show in the
 * text as Go shows them (`%!d(string=x)`, `%!d(MISSING)`, `%!(EXTRA int=1)`).
 */
export function formatGo(format: string, args: readonly Value[]): string {
  let next = 0
  const text = format.replace(VERB, (_whole, flags: string, width, precision, verb: string) => {
    if (verb === '') return '%!(NOVERB)'
    if (verb === '%') return '%'
    if (next >= args.length) return `%!${verb}(MISSING)`
    const directive = {
      flags,
      width: Number(width ?? 0),
      precision: precision === undefined ? undefined : Number(precision),
      verb,
    }
    return formatOne(directive, args[next++])
  })
  if (next >= args.length) return text
  const extra = args.slice(next).map((value) => `${goType(value)}=${plain(value)}`)
  return `${text}%!(EXTRA ${extra.join(', ')})`
}

function formatOne(directive: Directive, value: Value): string {
  const { verb } = directive
  if (verb === 'v') return pad(directive, plain(value))
  if (verb === 'T') return pad(directive, goType(value))
  if (typeof value === 'string') {
    const text = directive.precision === undefined ? value : [...value].slice(0, directive.precision).join('')
    if (verb === 's') return pad(directive, text)
    if (verb === 'q') return pad(directive, goQuote(text))
    if (verb === 'x' || verb === 'X') return pad(directive, cased(verb, Buffer.from(text).toString('hex')))
  }
  if (verb === 't' && typeof value === 'boolean') return pad(directive, String(value))
  if (typeof value === 'bigint') {
    const text = formatInteger(directive, value)
    if (text !== undefined) return text
  }
  if (typeof value === 'number') {
    const text = formatFloat(directive, value)
    if (text !== undefined) return text
  }
  return `%!${verb}(${goType(value)}=${plain(value)})`
}

const RADIX: Readonly<Record<string, number>> = { d: 10, b: 2, o: 8, x: 16, X: 16 }

function formatInteger(directive: Directive, value: bigint): string | undefined {
  const { verb, flags } = directive
  if (verb === 'c') return pad(directive, String.fromCodePoint(Number(value) & 0x1fffff))
  if (verb === 'q') return pad(directive, `'${String.fromCodePoint(Number(value) & 0x1fffff)}'`)
  const radix = RADIX[verb]
  if (radix === undefined) return undefined
  let digits = cased(verb, (value < 0n ? -value : value).toString(radix))
  if (directive.precision !== undefined) digits = digits.padStart(directive.precision, '0')
  if (flags.includes('#') && radix === 16) digits = (verb === 'X' ? '0X' : '0x') + digits
  return padNumber(directive, value < 0n, digits)
}

function formatFloat(directive: Directive, value: number): string | undefined {
  const magnitude = Math.abs(value)
  const digits = floatDigits(directive, magnitude)
  return digits === undefined ? undefined : padNumber(directive, value < 0, digits)
}

function floatDigits({ verb, precision }: Directive, magnitude: number): string | undefined {
  switch (verb) {
    case 'f':
    case 'F':
      return magnitude.toFixed(Math.min(precision ?? 6, 100))
    case 'e':
    case 'E':
      return cased(verb, goExponent(magnitude.toExponential(Math.min(precision ?? 6, 100))))
    case 'g':
    case 'G':
      return cased(verb, general(magnitude, precision))
    default:
      return undefined
  }
}

/** Go writes at least two digits of exponent. */
function goExponent(text: string): string {
  return text.replace(/e([+-])(\d)$/, 'e$10$2')
}

function general(magnitude: number, precision: number | undefined): string {
  if (precision !== undefined) {
    const rounded = Number(magnitude.toPrecision(Math.min(Math.max(precision, 1), 100)))
    return general(rounded, undefined)
  }
  const exponent = magnitude === 0 ? 0 : Math.floor(Math.log10(magnitude))
  return exponent < -4 || exponent >= 21 ? goExponent(magnitude.toExponential()) : String(magnitude)
}

function cased(verb: string, text: string): string {
  return verb === verb.toUpperCase() ? text.toUpperCase() : text
}

function pad({ flags, width }: Directive, text: string): string {
  return flags.includes('-') ? text.padEnd(width) : text.padStart(width)
}

function padNumber(directive: Directive, isNegative: boolean, digits: string): string {
  const { flags, width } = directive
  const sign = isNegative ? '-' : flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : ''
  if (flags.includes('0') && !flags.includes('-')) return sign + digits.padStart(width - sign.length, '0')
  return pad(directive, sign + digits)
}

/** What `%v` prints. */
function plain(value: Value): string {
  if (value === null) return '<nil>'
  if (typeof value === 'string') return value
  if (typeof value === 'boolean') return String(value)
  if (typeof value === 'number') return general(Math.abs(value), undefined).replace(/^/, value < 0 ? '-' : '')
  if (isNumber(value)) return numberText(value)
  if (isArray(value)) return `[${value.map(plain).join(' ')}]`
  if (isObject(value)) {
    const fields = [...value].map(([key, item]) => `${key}:${plain(item)}`)
    return `map[${fields.sort().join(' ')}]`
  }
  return isSecret(value) ? '(secret)' : `(${value.kind})`
}

function goType(value: Value): string {
  if (value === null) return 'nil'
  if (typeof value === 'bigint') return 'int'
  if (typeof value === 'number') return 'float64'
  if (typeof value === 'boolean') return 'bool'
  if (typeof value === 'string') return 'string'
  if (isArray(value)) return '[]interface {}'
  return isObject(value) ? 'map[string]interface {}' : 'capsule'
}
