import type {
  Completion,
  CompletionContext,
  CompletionResult,
  CompletionSource,
} from '@codemirror/autocomplete'
import { type CompletionPlace, completionPlace } from '../query/complete.ts'
import { quoteString } from '../query/quote.ts'

/** Live data the editor completes from. */
export interface CompletionData {
  readonly labels: () => Promise<readonly string[]>
  readonly labelValues: (label: string, selector: string) => Promise<readonly string[]>
  /** Fields seen in the loaded lines, and their values by frequency. */
  readonly fields: readonly { readonly name: string; readonly values: readonly string[] }[]
}

const PARSERS: readonly Completion[] = [
  { label: 'json', detail: 'fields of JSON lines become labels' },
  { label: 'logfmt', detail: 'key=value pairs become labels' },
  { label: 'pattern', detail: 'take lines apart: "<ip> - <_>"', apply: 'pattern "' },
  { label: 'regexp', detail: 'named groups become labels', apply: 'regexp "' },
  { label: 'unpack', detail: 'undo the pack stage' },
].map((item) => ({ type: 'keyword', ...item }))

const STAGES: readonly Completion[] = [
  { label: 'line_format', detail: 'rewrite the line', apply: 'line_format "{{.' },
  { label: 'label_format', detail: 'rename or make labels', apply: 'label_format ' },
  { label: 'drop', detail: 'remove labels', apply: 'drop ' },
  { label: 'keep', detail: 'keep only these labels', apply: 'keep ' },
  { label: 'decolorize', detail: 'remove colour codes' },
  { label: 'unwrap', detail: 'use a label as the number', apply: 'unwrap ' },
].map((item) => ({ type: 'keyword', boost: -10, ...item }))

const RANGE_FUNCTIONS: readonly Completion[] = [
  ['count_over_time', 'lines per window'],
  ['rate', 'lines per second'],
  ['bytes_over_time', 'bytes per window'],
  ['bytes_rate', 'bytes per second'],
  ['absent_over_time', '1 where there is nothing'],
  ['sum_over_time', 'needs unwrap'],
  ['avg_over_time', 'needs unwrap'],
  ['max_over_time', 'needs unwrap'],
  ['min_over_time', 'needs unwrap'],
  ['quantile_over_time', 'needs unwrap'],
].map(([label = '', detail = '']) => ({ type: 'function', label, detail, apply: `${label}(` }))

const VECTOR_FUNCTIONS: readonly Completion[] = ['sum', 'avg', 'min', 'max', 'count', 'topk', 'bottomk'].map(
  (label) => ({
    type: 'function',
    label,
    detail: 'across series',
    apply: label.endsWith('k') ? `${label}(5, ` : `${label}(`,
  }),
)

const OPERATORS: readonly Completion[] = [
  { label: '=', detail: 'equals', type: 'operator' },
  { label: '!=', detail: 'differs', type: 'operator' },
  { label: '=~', detail: 'matches the pattern', type: 'operator' },
  { label: '!~', detail: 'does not match', type: 'operator' },
]

/** Completes labels, their values, fields, stages and functions at the cursor. */
export function completionSource(data: () => CompletionData): CompletionSource {
  return async (context: CompletionContext): Promise<CompletionResult | null> => {
    const place = completionPlace(context.state.doc.toString(), context.pos)
    if (place === null) return null
    const typed = context.pos > place.from
    const previous = context.state.sliceDoc(Math.max(0, context.pos - 1), context.pos)
    if (!context.explicit && !typed && !/[{,|="(\s]/.test(previous)) return null
    if (!context.explicit && !typed && place.kind === 'expression') return null
    const options = await optionsFor(place, data()).catch(() => [])
    if (context.aborted || options.length === 0) return null
    return { from: place.from, options, validFor: /^[\w.:/@-]*$/ }
  }
}

async function optionsFor(place: CompletionPlace, data: CompletionData): Promise<readonly Completion[]> {
  const fields = data.fields.map(({ name }, i) => ({
    label: name,
    type: 'property',
    detail: 'field',
    // By how many lines have it, not by the alphabet.
    boost: Math.max(0, 40 - i),
  }))
  switch (place.kind) {
    case 'label-name':
      return (await data.labels()).map((label) => ({ label, type: 'property' }))
    case 'matcher-op':
      return OPERATORS
    case 'label-value':
      return values(await data.labelValues(place.label, place.selector), place.quoted)
    case 'field-value':
      return values(data.fields.find(({ name }) => name === place.field)?.values ?? [], place.quoted)
    case 'stage':
      return [...PARSERS.map((item) => ({ ...item, boost: place.parsed ? -5 : 60 })), ...fields, ...STAGES]
    case 'field':
      return fields
    case 'grouping':
      return [
        ...(await data.labels()).map((label) => ({ label, type: 'property', detail: 'label' })),
        ...fields,
      ]
    case 'expression':
      return [{ label: '{', detail: 'select streams' }, ...RANGE_FUNCTIONS, ...VECTOR_FUNCTIONS]
  }
}

/** Values as literals; behind an opening quote, the rest of the literal. */
function values(texts: readonly string[], quoted: boolean): Completion[] {
  return texts.map((text) => {
    const literal = quoteString(text)
    const plain = literal === `"${text}"`
    return {
      label: text,
      type: 'constant',
      apply: quoted && plain ? text : quoted ? literal.slice(1, -1) : literal,
    }
  })
}
