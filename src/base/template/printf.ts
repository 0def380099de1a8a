import { formatGoFloat, formatGoFloatExponent } from '../gofloat.ts'
import { goQuote } from '../goquote.ts'
import { printValue } from './print.ts'
import { typeName, type Value } from './values.ts'

/** Widths and precisions beyond this are refused by Go, too. */
const MAX_WIDTH = 1_000_000

interface Directive {
  readonly flags: string
  readonly width: number
  readonly precision: number | undefined
  readonly verb: string
}

/** Go's `fmt.Sprintf` for the values a template has. */
export function sprintf(format: string, args: readonly Value[]): string {
  let next = 0
  let out = ''
  let last = 0
  const pattern = /%([-+# 0]*)(\d+|\*)?(?:\.(\d+|\*)?)?(.?)/gsu
  for (const match of format.matchAll(pattern)) {
    const [whole, flags, widthText, precisionText, verb] = match
    out += format.slice(last, match.index)
    last = match.index + whole.length
    if (verb === '') {
      out += '%!(NOVERB)'
      continue
    }
    if (verb === '%') {
      out += '%'
      continue
    }
    const number = (text: string | undefined): number => {
      const value = text === '*' ? Number(args[next++]) : Number(text ?? 0)
      return Math.min(Number.isNaN(value) ? 0 : value, MAX_WIDTH)
    }
    const width = number(widthText)
    const hasPrecision = whole.includes('.')
    const precision = hasPrecision ? number(precisionText) : undefined
    if (next >= args.length) {
      out += `%!${verb}(MISSING)`
      continue
    }
    out += formatOne({ flags, width, precision, verb }, args[next++])
  }
  out += format.slice(last)
  if (next < args.length) {
    const extra = args.slice(next).map((arg) => `${typeName(arg)}=${printValue(arg)}`)
    out += `%!(EXTRA ${extra.join(', ')})`
  }
  return out
}

function formatOne(directive: Directive, value: Value): string {
  const { verb } = directive
  if (verb === 'T') return pad(typeName(value), directive)
  if (verb === 'v') return pad(plus(printValue(value), value, directive), directive)
  switch (typeof value) {
    case 'string':
      return formatString(directive, value)
    case 'bigint':
      return formatInteger(directive, value)
    case 'number':
      return formatFloat(directive, value)
    case 'boolean':
      if (verb === 't') return pad(String(value), directive)
      break
    default:
      if (verb === 's') return pad(printValue(value), directive)
  }
  return badVerb(verb, value)
}

function badVerb(verb: string, value: Value): string {
  return value === undefined ? `%!${verb}(<nil>)` : `%!${verb}(${typeName(value)}=${printValue(value)})`
}

function plus(text: string, value: Value, { flags }: Directive): string {
  const isNumber = typeof value === 'bigint' || typeof value === 'number'
  return isNumber && flags.includes('+') && !text.startsWith('-') ? `+${text}` : text
}

function formatString(directive: Directive, value: string): string {
  const { verb, precision } = directive
  const cut = precision === undefined ? value : [...value].slice(0, precision).join('')
  switch (verb) {
    case 's':
      return pad(cut, directive)
    case 'q':
      return pad(goQuote(cut), directive)
    case 'x':
    case 'X': {
      const hex = Buffer.from(value).toString('hex')
      return pad(verb === 'x' ? hex : hex.toUpperCase(), directive)
    }
    default:
      return badVerb(verb, value)
  }
}

const RADIX: Record<string, number> = { d: 10, b: 2, o: 8, x: 16, X: 16 }

function formatInteger(directive: Directive, value: bigint): string {
  const { verb, precision } = directive
  const radix = RADIX[verb]
  if (radix !== undefined) {
    const magnitude = (value < 0n ? -value : value).toString(radix).padStart(precision ?? 0, '0')
    const digits = verb === 'X' ? magnitude.toUpperCase() : magnitude
    return pad(plus(value < 0n ? `-${digits}` : digits, value, directive), directive)
  }
  if (verb === 'c') return pad(String.fromCodePoint(Number(value) & 0x1fffff), directive)
  if (verb === 'q') return pad(`'${String.fromCodePoint(Number(value) & 0x1fffff)}'`, directive)
  return badVerb(verb, value)
}

function formatFloat(directive: Directive, value: number): string {
  const { verb, precision } = directive
  const sign = (text: string): string => pad(plus(text, value, directive), directive)
  if (!Number.isFinite(value)) return sign(formatGoFloat(value))
  switch (verb) {
    case 'f':
    case 'F':
      return sign(value.toFixed(Math.min(precision ?? 6, 100)))
    case 'e':
    case 'E': {
      const text = value.toExponential(Math.min(precision ?? 6, 100)).replace(/e([+-])(\d)$/, 'e$10$2')
      return sign(verb === 'e' ? text : text.toUpperCase())
    }
    case 'g':
    case 'G':
      if (precision === undefined) return sign(formatGoFloatExponent(value))
      return sign(
        formatGoFloatExponent(
          Number(value.toPrecision(Math.max(1, Math.min(precision, 100)))),
          precision || 1,
        ),
      )
    default:
      return badVerb(verb, value)
  }
}

function pad(text: string, { flags, width, verb }: Directive): string {
  const missing = width - [...text].length
  if (missing <= 0) return text
  if (flags.includes('-')) return text + ' '.repeat(missing)
  if (flags.includes('0') && 'dbxXofFeEgGv'.includes(verb)) {
    const sign = /^[+-]/.exec(text)?.[0] ?? ''
    return sign + '0'.repeat(missing) + text.slice(sign.length)
  }
  return ' '.repeat(missing) + text
}
