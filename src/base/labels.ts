import { goQuote } from './goquote.ts'

/**
 * A label set: pairs sorted by name (code-unit order), names unique, no empty values.
 * Treated as immutable; made with {@link makeLabels}.
 */
export type Labels = readonly (readonly [name: string, value: string])[]

/** Sorts by name and removes empty values, as Loki does. Of a repeated name the last pair wins. */
export function makeLabels(pairs: Iterable<readonly [string, string]> | Record<string, string>): Labels {
  const byName = new Map(
    Symbol.iterator in pairs ? (pairs as Iterable<readonly [string, string]>) : Object.entries(pairs),
  )
  return [...byName].filter(([, value]) => value !== '').sort(compareNames)
}

function compareNames(a: readonly [string, string], b: readonly [string, string]): number {
  return a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0
}

/**
 * The canonical text of a label set, Loki's stream selector form: `{a="b", c="d"}`. Also the stream's
 * identity.
 */
export function labelsText(labels: Labels): string {
  let out = '{'
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i]
    out += `${i === 0 ? '' : ', '}${label[0]}=${goQuote(label[1])}`
  }
  return `${out}}`
}

/** The value of `name`, or `''` where the label is absent. */
export function labelValue(labels: Labels, name: string): string {
  for (const [n, value] of labels) if (n === name) return value
  return ''
}

/** A label set as a plain object, for JSON answers. */
export function labelsObject(labels: Labels): Record<string, string> {
  return Object.fromEntries(labels)
}
