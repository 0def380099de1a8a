import { parse as parseYaml } from 'yaml'
import { errorMessage } from '#base/errors.ts'
import { fromHost, toHost, type Value } from '../value.ts'
import { expectArgs, objectArg, textArg } from './args.ts'
import type { LibraryFunction } from './stdlib.ts'

function oneText(convert: (text: string) => Value): LibraryFunction {
  return (args) => {
    expectArgs(args, 1)
    return convert(textArg(args, 0))
  }
}

function decodeBase64(text: string, alphabet: RegExp, encoding: 'base64' | 'base64url'): string {
  const clean = text.replace(/[\r\n]/g, '')
  const bad = clean.replace(/=+$/, '').search(alphabet)
  if (bad >= 0) throw new Error(`illegal base64 data at input byte ${bad}`)
  if (clean.length % 4 !== 0) throw new Error(`illegal base64 data at input byte ${clean.length}`)
  return Buffer.from(clean, encoding).toString()
}

/** Node leaves out the padding that Go's URL alphabet has. */
function encodeUrlBase64(text: string): string {
  const encoded = Buffer.from(text).toString('base64url')
  return encoded.padEnd(Math.ceil(encoded.length / 4) * 4, '=')
}

function fromJson(text: string): Value {
  try {
    return fromHost(JSON.parse(text))
  } catch (thrown) {
    throw new Error(`invalid JSON: ${errorMessage(thrown)}`)
  }
}

/** Go's query escaping: like `encodeURIComponent` with `+` for space and five more characters escaped. */
function urlEncode(text: string): string {
  const escapeMore = (char: string): string => `%${char.charCodeAt(0).toString(16).toUpperCase()}`
  return encodeURIComponent(text)
    .replace(/[!'()*]/g, escapeMore)
    .replaceAll('%20', '+')
}

function urlDecode(text: string): string {
  const bad = /%(?![0-9a-fA-F]{2}).{0,2}/.exec(text)
  if (bad !== null) throw new Error(`invalid URL escape "${bad[0]}"`)
  const bytes = text.replaceAll('+', ' ').replace(/[^\x00-\x7f]+/gu, encodeURIComponent)
  return Buffer.from(
    bytes.replace(/%([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  ).toString()
}

/** The functions of `encoding`. */
export const encodingFunctions: Readonly<Record<string, LibraryFunction>> = {
  from_json: oneText(fromJson),
  from_yaml: oneText((text) => fromHost(parseYaml(text))),
  to_json: (args) => {
    expectArgs(args, 1)
    return JSON.stringify(toHost(objectArg(args, 0)))
  },
  from_base64: oneText((text) => decodeBase64(text, /[^A-Za-z0-9+/]/, 'base64')),
  to_base64: oneText((text) => Buffer.from(text).toString('base64')),
  from_URLbase64: oneText((text) => decodeBase64(text, /[^A-Za-z0-9_-]/, 'base64url')),
  to_URLbase64: oneText(encodeUrlBase64),
  url_encode: oneText(urlEncode),
  url_decode: oneText(urlDecode),
}
