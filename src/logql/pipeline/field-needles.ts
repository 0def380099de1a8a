import { requiredLiterals } from '#base/regex/literals.ts'
import { parsePattern } from '#base/regex/parse.ts'
import type { FieldNeedle, LinePredicate, Metadata, RowBatch } from '#store/types.ts'
import type { LabelFilter, Stage } from '../syntax/ast.ts'
import { regexLegs } from './regex-legs.ts'

/** An escape by which JSON and logfmt can write any character. */
const UNICODE_ESCAPE = Buffer.from('\\u')

/**
 * What a line must contain for the label filters to pass that see fields as the parsers before them found
 * them: `| json | request_id="r1"` needs `r1` in the line.
 */
export function fieldNeedles(stages: readonly Stage[]): FieldNeedle[] {
  const needles: FieldNeedle[] = []
  let parsed = false
  for (const stage of stages) {
    if (stage.kind === 'json' || stage.kind === 'logfmt') {
      if (stage.extractions.length > 0) return needles
      parsed = true
    } else if (stage.kind === 'labelFilter') {
      if (parsed) addNeedles(stage.filter, needles)
    } else if (stage.kind !== 'lineFilter') return needles
  }
  return needles
}

function addNeedles(filter: LabelFilter, into: FieldNeedle[]): void {
  if (filter.kind === 'and') {
    addNeedles(filter.left, into)
    addNeedles(filter.right, into)
    return
  }
  if (filter.kind !== 'string' || filter.matcher.name.startsWith('__')) return
  const { name, op, value } = filter.matcher
  const texts = op === '=' ? [value] : op === '=~' ? textsOfPattern(value) : []
  const fragments = texts.map(plainFragment)
  if (fragments.length === 0 || fragments.length > 8 || fragments.includes('')) return
  into.push({ name, needles: fragments.map((text) => Buffer.from(text)) })
}

function textsOfPattern(source: string): string[] {
  const tree = parsePattern(source)
  if (tree === undefined) return []
  const legs = regexLegs(tree)
  if (legs === undefined) return [...(requiredLiterals(tree) ?? [])]
  const texts = legs.map((leg) => ('text' in leg && !leg.fold ? leg.text : ''))
  return texts.includes('') ? [] : texts
}

/**
 * The longest part of a text that a line can only hold as it is: no character with a short escape, no space.
 */
function plainFragment(text: string): string {
  return text
    .split(/[^\x21\x23-\x26\x28-\x2e\x30-\x5b\x5d-\x7e]/)
    .reduce((a, b) => (b.length > a.length ? b : a), '')
}

/** What the lines meet of rows whose stream and metadata do not have the label themselves. */
export function linePredicate({ needles }: FieldNeedle): LinePredicate {
  return { kind: 'contains', needles: [...needles, UNICODE_ESCAPE] }
}

/** The predicates that hold for every row of a batch: those whose label neither stream nor metadata has. */
export function needlesFor(batch: RowBatch, needles: readonly FieldNeedle[]): LinePredicate[] {
  const has = (labels: Metadata, name: string): boolean => labels.some(([label]) => label === name)
  return needles
    .filter(({ name }) => !has(batch.stream.labels, name) && !batch.metadata.some((set) => has(set, name)))
    .map((needle) => linePredicate(needle))
}
