import { type Labels, makeLabels } from '#base/labels.ts'

/**
 * Reads back what `labelsText` wrote: `{a="b", c="d"}` with Go's quoting. `undefined` when it is anything
 * else, or carries no labels.
 */
export function parseLabelsText(text: string): Labels | undefined {
  if (!text.startsWith('{') || !text.endsWith('}')) return undefined
  const pairs: [string, string][] = []
  const pair = /([^=,{}"\s]+)="((?:[^"\\]|\\.)*)"(?:, |\}$)/y
  pair.lastIndex = 1
  while (pair.lastIndex < text.length) {
    const match = pair.exec(text)
    if (match === null) return undefined
    pairs.push([match[1], unquote(match[2])])
    if (match[0].endsWith('}')) return makeLabels(pairs)
  }
  return undefined
}

const ESCAPES: Record<string, string> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' }

function unquote(quoted: string): string {
  return quoted.replace(/\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8})|(.))/g, (_, x, u, long, char) => {
    const hex = x ?? u ?? long
    return hex === undefined ? (ESCAPES[char] ?? char) : String.fromCodePoint(Number.parseInt(hex, 16))
  })
}
