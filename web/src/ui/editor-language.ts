import { HighlightStyle, LRLanguage } from '@codemirror/language'
import { parser } from '@grafana/lezer-logql'
import { styleTags, tags } from '@lezer/highlight'

const KEYWORDS = [
  'Json Logfmt Unpack Pattern Regexp Unwrap LabelFormat LineFormat LabelReplace Vector Offset Bool',
  'On Ignoring GroupLeft GroupRight Decolorize Drop Keep By Without And Or Unless Ip',
]
const FUNCTIONS = [
  'Sum Avg Count Max Min Stddev Stdvar Bottomk Topk Sort Sort_Desc CountOverTime Rate RateCounter',
  'BytesOverTime BytesRate AvgOverTime SumOverTime MinOverTime MaxOverTime StddevOverTime',
  'StdvarOverTime QuantileOverTime FirstOverTime LastOverTime AbsentOverTime BytesConv DurationConv',
  'DurationSecondsConv',
]

/**
 * LogQL for the editor. The grammar serves colours only: it does not know the language's operator
 * precedence.
 */
export const logqlLanguage = LRLanguage.define({
  name: 'logql',
  parser: parser.configure({
    props: [
      styleTags({
        [KEYWORDS.join(' ')]: tags.keyword,
        [FUNCTIONS.join(' ')]: tags.function(tags.variableName),
        Identifier: tags.propertyName,
        String: tags.string,
        'Number Duration Bytes Range': tags.number,
        LineComment: tags.comment,
        'PipeExact PipeMatch PipePattern Npa Pipe Eq Neq Re Nre Gtr Gte Lss Lte Eql': tags.operator,
      }),
    ],
  }),
  languageData: { closeBrackets: { brackets: ['(', '[', '{', '"', '`'] }, commentTokens: { line: '#' } },
})

/** Colours from the theme's custom properties, so that one style serves both themes. */
export const logqlHighlight = HighlightStyle.define([
  { tag: tags.keyword, color: 'var(--syntax-keyword)' },
  { tag: tags.function(tags.variableName), color: 'var(--syntax-function)' },
  { tag: tags.propertyName, color: 'var(--syntax-name)' },
  { tag: tags.string, color: 'var(--syntax-string)' },
  { tag: tags.number, color: 'var(--syntax-number)' },
  { tag: tags.operator, color: 'var(--syntax-operator)' },
  { tag: tags.comment, color: 'var(--muted)', fontStyle: 'italic' },
])
