import { posix } from 'node:path'
import { nodeCrypto } from '../node-crypto.ts'
import { adler32 } from './adler32.ts'
import { type FunctionTable, fn } from './functions.ts'
import { textsOf } from './functions-lists.ts'
import { toFloat, toInt } from './functions-math.ts'
import { toJson } from './json-text.ts'
import { printValue } from './print.ts'
import { isMap, isSlice, isTime, isTrue, typeName, type Value } from './values.ts'

const words = (text: string): string[] =>
  text
    .replace(/([\p{Ll}\p{Nd}])(\p{Lu})/gu, '$1 $2')
    .replace(/(\p{Lu})(\p{Lu}\p{Ll})/gu, '$1 $2')
    .split(/[\s_\-.]+/)
    .filter((word) => word !== '')

function abbrev(width: bigint, text: string): string {
  const letters = [...text]
  if (width < 4n || letters.length <= Number(width)) return text
  return `${letters.slice(0, Number(width) - 3).join('')}...`
}

function wrap(width: bigint, text: string, newline = '\n'): string {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > Number(width)) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line].join(newline)
}

function swapCase(text: string): string {
  return text.replace(/\p{L}/gu, (letter) =>
    letter === letter.toUpperCase() ? letter.toLowerCase() : letter.toUpperCase(),
  )
}

const hash = (algorithm: string) => fn('string', (text: string) => hex(algorithm, text))

function hex(algorithm: string, text: string): string {
  return nodeCrypto().createHash(algorithm).update(text).digest('hex')
}

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

function base32(text: string): string {
  let bits = ''
  for (const byte of Buffer.from(text)) bits += byte.toString(2).padStart(8, '0')
  const groups = bits.match(/.{1,5}/g) ?? []
  const out = groups.map((group) => BASE32[Number.parseInt(group.padEnd(5, '0'), 2)]).join('')
  return out.padEnd(Math.ceil(out.length / 8) * 8, '=')
}

function fromBase32(text: string): string {
  let bits = ''
  for (const char of text.replace(/=+$/, '')) {
    const value = BASE32.indexOf(char)
    if (value < 0) return `illegal base32 data at input byte ${text.indexOf(char)}`
    bits += value.toString(2).padStart(5, '0')
  }
  const bytes = (bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2))
  return Buffer.from(bytes).toString()
}

function kindOf(value: Value): string {
  if (value === undefined) return 'invalid'
  if (isSlice(value)) return 'slice'
  if (isMap(value)) return 'map'
  return isTime(value) ? 'struct' : typeName(value)
}

const quoteAll = (quote: (text: string) => string) =>
  fn('…any', (...args: Value[]) => textsOf(args).map(quote).join(' '))

function fail(message: string): never {
  throw new Error(message)
}

/** Functions of Sprig that LogQL's templates do not have, but for lists, dates and regular expressions. */
export const SPRIG_FUNCTIONS: FunctionTable = {
  abbrev: fn('int, string', abbrev),
  untitle: fn('string', (text: string) =>
    text.replace(/(^|\s)(\p{L})/gu, (_, before: string, letter: string) => before + letter.toLowerCase()),
  ),
  nospace: fn('string', (text: string) => text.replace(/\s/g, '')),
  initials: fn('string', (text: string) => (text.match(/(?<=^|\s)\S/gu) ?? []).join('')),
  swapcase: fn('string', swapCase),
  snakecase: fn('string', (text: string) => words(text).join('_').toLowerCase()),
  kebabcase: fn('string', (text: string) => words(text).join('-').toLowerCase()),
  camelcase: fn('string', (text: string) =>
    text
      .split(/[_\s-]+/)
      .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
      .join(''),
  ),
  wrap: fn('int, string', (width: bigint, text: string) => wrap(width, text)),
  wrapWith: fn('int, string, string', (width: bigint, newline: string, text: string) =>
    wrap(width, text, newline),
  ),
  quote: quoteAll((text) => JSON.stringify(text)),
  squote: quoteAll((text) => `'${text}'`),
  cat: fn('…any', (...args: Value[]) => textsOf(args).join(' ')),
  plural: fn('string, string, int', (one: string, many: string, count: bigint) =>
    count === 1n ? one : many,
  ),
  sha1sum: hash('sha1'),
  sha256sum: hash('sha256'),
  sha512sum: hash('sha512'),
  md5sum: hash('md5'),
  adler32sum: fn('string', (text: string) => String(adler32(Buffer.from(text)))),
  b32enc: fn('string', base32),
  b32dec: fn('string', fromBase32),
  toString: fn('any', (value: Value) => printValue(value)),
  atoi: fn('string', (text: string) => (/^[+-]?\d+$/.test(text) ? BigInt(text) : 0n)),
  int64: fn('any', toInt),
  toDecimal: fn('any', (value: Value) => BigInt(Number.parseInt(printValue(value), 8) || 0)),
  add1: fn('any', (value: Value) => BigInt.asIntN(64, toInt(value) + 1n)),
  add1f: fn('any', (value: Value) => toFloat(value) + 1),
  randInt: fn('int, int', (from: bigint, to: bigint) => {
    if (to <= from) throw new Error('the second number must be greater than the first')
    return from + BigInt(Math.floor(Math.random() * Number(to - from)))
  }),
  empty: fn('any', (value: Value) => !isTrue(value)),
  coalesce: fn('…any', (...values: Value[]) => values.find(isTrue)),
  all: fn('…any', (...values: Value[]) => values.every(isTrue)),
  any: fn('…any', (...values: Value[]) => values.some(isTrue)),
  ternary: fn('any, any, bool', (yes: Value, no: Value, isYes: boolean) => (isYes ? yes : no)),
  fail: fn('string', fail),
  toJson: fn('any', (value: Value) => toJson(value, { isHtmlSafe: true })),
  toRawJson: fn('any', (value: Value) => toJson(value, {})),
  toPrettyJson: fn('any', (value: Value) => toJson(value, { isHtmlSafe: true, indent: 2 })),
  typeOf: fn('any', (value: Value) => typeName(value)),
  typeIs: fn('string, any', (name: string, value: Value) => typeName(value) === name),
  typeIsLike: fn('string, any', (name: string, value: Value) => [name, `*${name}`].includes(typeName(value))),
  kindOf: fn('any', kindOf),
  kindIs: fn('string, any', (name: string, value: Value) => kindOf(value) === name),
  base: fn('string', (path: string) => (path === '' ? '.' : posix.basename(path) || '/')),
  dir: fn('string', (path: string) => posix.dirname(path)),
  clean: fn('string', (path: string) => posix.normalize(path).replace(/(?<=.)\/$/, '')),
  ext: fn('string', (path: string) => /\.[^./]*$/.exec(path)?.[0] ?? ''),
  isAbs: fn('string', (path: string) => path.startsWith('/')),
  uuidv4: fn('', () => nodeCrypto().randomUUID()),
  env: fn('string', (name: string) => process.env[name] ?? ''),
}
