import type { Labels } from '#base/labels.ts'

const HTML = /[<>&\u2028\u2029]/g
const HTML_TEST = /[<>&\u2028\u2029]/

/** A log line as JSON, with the characters escaped that Go's encoder escapes for HTML's sake. */
export function lineJson(line: string): string {
  const json = JSON.stringify(line)
  if (!HTML_TEST.test(json)) return json
  return json.replace(HTML, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** Names that answers had of late, as keys of JSON: there are few, in every row. */
const keys = new Map<string, string>()
const MAX_KEYS = 1000

function keyJson(name: string): string {
  let key = keys.get(name)
  if (key !== undefined) return key
  if (keys.size === MAX_KEYS) keys.clear()
  key = `${JSON.stringify(name)}:`
  keys.set(name, key)
  return key
}

/** A label set as a JSON object. */
export function labelsJson(labels: Labels): string {
  let out = ''
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i]
    out += `${i === 0 ? '{' : ','}${keyJson(label[0])}${JSON.stringify(label[1])}`
  }
  return out === '' ? '{}' : `${out}}`
}

/** A sample value as Go prints it with format `f` and the fewest digits: never an exponent. */
export function sampleText(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (value === Number.POSITIVE_INFINITY) return '+Inf'
  if (value === Number.NEGATIVE_INFINITY) return '-Inf'
  if (Object.is(value, -0)) return '-0'
  const text = String(value)
  return text.includes('e') ? withoutExponent(text) : text
}

function withoutExponent(text: string): string {
  const match = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(text)
  if (match === null) return text
  const [, sign, lead, fraction = '', exponentText] = match
  const digits = lead + fraction
  const exponent = Number(exponentText)
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`
  return sign + digits.padEnd(exponent + 1, '0')
}

/** The time of a sample: seconds, with up to three decimals. */
export function sampleSeconds(ms: number): string {
  return String(ms / 1000)
}
