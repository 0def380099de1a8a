import { goSeconds, parseByteSize } from '../go-literals.ts'
import { type FunctionTable, fn } from './functions.ts'
import { regexOf } from './functions-regex.ts'

/** Longest text a function may make, bytes: a template cannot exhaust memory. */
const MAX_TEXT = 16 * 1024 * 1024

function repeat(count: bigint, text: string): string {
  if (count < 0n) throw new Error('strings: negative Repeat count')
  if (Number(count) * text.length > MAX_TEXT) throw new Error('strings: Repeat output length overflow')
  return text.repeat(Number(count))
}

function replaceFirst(text: string, from: string, to: string, count: bigint): string {
  if (count < 0n) return text.split(from).join(to)
  const parts = text.split(from)
  const joined = Math.min(Number(count), parts.length - 1)
  const head = parts.slice(0, joined + 1).join(to)
  return [head, ...parts.slice(joined + 1)].join(from)
}

/** The slice of a text's UTF-8 bytes. */
function byteSlice(text: string, from: number, to: number): string {
  return Buffer.from(text).subarray(from, to).toString()
}

function substr(start: bigint, end: bigint, text: string): string {
  const size = Buffer.byteLength(text)
  const bounds = (from: number, to: number): string => {
    if (to > size || to < 0)
      throw new Error(`runtime error: slice bounds out of range [:${to}] with length ${size}`)
    if (from > to) throw new Error(`runtime error: slice bounds out of range [${from}:${to}]`)
    return byteSlice(text, from, to)
  }
  if (start < 0n) return bounds(0, Number(end))
  if (end < 0n || Number(end) > size) return bounds(Number(start), size)
  return bounds(Number(start), Number(end))
}

function trunc(count: bigint, text: string): string {
  const size = Buffer.byteLength(text)
  const n = Number(count)
  if (n < 0 && size + n > 0) return byteSlice(text, size + n, size)
  return n >= 0 && size > n ? byteSlice(text, 0, n) : text
}

function trimSet(text: string, set: string, left: boolean, right: boolean): string {
  const chars = new Set(set)
  const letters = [...text]
  let from = 0
  let to = letters.length
  while (left && from < to && chars.has(letters[from])) from++
  while (right && to > from && chars.has(letters[to - 1])) to--
  return letters.slice(from, to).join('')
}

function title(text: string): string {
  return text.replace(
    /(^|[^\p{L}\p{Nd}_'])(\p{L})/gu,
    (_, before: string, letter: string) => before + letter.toUpperCase(),
  )
}

function align(count: bigint, text: string, keepTail: boolean): string {
  if (count < 0n) return text
  const width = Number(count)
  if (width > MAX_TEXT) throw new Error('runtime error: makeslice: len out of range')
  const letters = [...text]
  if (letters.length >= width)
    return (keepTail ? letters.slice(letters.length - width) : letters.slice(0, width)).join('')
  const fill = ' '.repeat(width - letters.length)
  return keepTail ? fill + text : text + fill
}

function indent(count: bigint, text: string): string {
  const padding = repeat(count, ' ')
  return padding + text.replaceAll('\n', `\n${padding}`)
}

function urlEncode(text: string): string {
  return encodeURIComponent(text.toWellFormed())
    .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+')
}

function urlDecode(text: string): string {
  const bad = /%(?![0-9a-fA-F]{2})(.{0,2})/s.exec(text)
  if (bad !== null) throw new Error(`invalid URL escape ${JSON.stringify(bad[0])}`)
  const bytes = text
    .replaceAll('+', ' ')
    .split(/(%[0-9a-fA-F]{2})/)
    .map((part) => (/^%[0-9a-fA-F]{2}$/.test(part) ? Buffer.from(part.slice(1), 'hex') : Buffer.from(part)))
  return Buffer.concat(bytes).toString()
}

function base64Decode(text: string): string {
  const padded = text.replace(/=+$/, '')
  const bad = /[^A-Za-z0-9+/\r\n]/.exec(padded)
  if (bad !== null) return `illegal base64 data at input byte ${bad.index}`
  if (padded.length % 4 === 1) return `illegal base64 data at input byte ${padded.length - 1}`
  return Buffer.from(padded, 'base64').toString()
}

function countMatches(source: string, text: string): bigint {
  return BigInt(regexOf(source).countMatches(text))
}

const lower = fn('string', (text: string) => text.toLowerCase())
const upper = fn('string', (text: string) => text.toUpperCase())
const seconds = fn('string', goSeconds)

/** Functions on texts: Loki's own and the ones it takes from Sprig. */
export const TEXT_FUNCTIONS: FunctionTable = {
  ToLower: lower,
  lower,
  ToUpper: upper,
  upper,
  title: fn('string', title),
  Replace: fn('string, string, string, int', replaceFirst),
  replace: fn('string, string, string', (from: string, to: string, text: string) =>
    text.split(from).join(to),
  ),
  Trim: fn('string, string', (text: string, set: string) => trimSet(text, set, true, true)),
  TrimLeft: fn('string, string', (text: string, set: string) => trimSet(text, set, true, false)),
  TrimRight: fn('string, string', (text: string, set: string) => trimSet(text, set, false, true)),
  TrimPrefix: fn('string, string', (text: string, prefix: string) => trimPrefix(prefix, text)),
  TrimSuffix: fn('string, string', (text: string, suffix: string) => trimSuffix(suffix, text)),
  TrimSpace: fn('string', (text: string) => text.trim()),
  trim: fn('string', (text: string) => text.trim()),
  trimAll: fn('string, string', (set: string, text: string) => trimSet(text, set, true, true)),
  trimPrefix: fn('string, string', trimPrefix),
  trimSuffix: fn('string, string', trimSuffix),
  trunc: fn('int, string', trunc),
  substr: fn('int, int, string', substr),
  contains: fn('string, string', (part: string, text: string) => text.includes(part)),
  hasPrefix: fn('string, string', (part: string, text: string) => text.startsWith(part)),
  hasSuffix: fn('string, string', (part: string, text: string) => text.endsWith(part)),
  indent: fn('int, string', indent),
  nindent: fn('int, string', (count: bigint, text: string) => `\n${indent(count, text)}`),
  repeat: fn('int, string', repeat),
  alignLeft: fn('int, string', (count: bigint, text: string) => align(count, text, false)),
  alignRight: fn('int, string', (count: bigint, text: string) => align(count, text, true)),
  regexReplaceAll: fn('string, string, string', (source: string, text: string, to: string) =>
    regexOf(source).replaceAll(text, to),
  ),
  regexReplaceAllLiteral: fn('string, string, string', (source: string, text: string, to: string) =>
    regexOf(source).replaceAll(text, to.replaceAll('$', '$$$$')),
  ),
  count: fn('string, string', countMatches),
  urlencode: fn('string', urlEncode),
  urldecode: fn('string', urlDecode),
  b64enc: fn('string', (text: string) => Buffer.from(text).toString('base64')),
  b64dec: fn('string', base64Decode),
  bytes: fn('string', parseByteSize),
  duration: seconds,
  duration_seconds: seconds,
}

function trimPrefix(prefix: string, text: string): string {
  return text.startsWith(prefix) ? text.slice(prefix.length) : text
}

function trimSuffix(suffix: string, text: string): string {
  return suffix !== '' && text.endsWith(suffix) ? text.slice(0, -suffix.length) : text
}
