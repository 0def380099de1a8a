import type { MatcherOp } from '#store/types.ts'

/**
 * The syntax tree of LogQL: plain data, one discriminated union per level of the grammar.
 * Everything that parses is representable; what cannot be evaluated is refused by later steps.
 */

/** `name op "value"` of a selector, a label filter, or a `drop`/`keep` list. */
export interface Matcher {
  readonly name: string
  readonly op: MatcherOp
  readonly value: string
}

/** Contains, matches, fits a pattern; each with its opposite. */
export type LineFilterOp = '|=' | '!=' | '|~' | '!~' | '|>' | '!>'

/** One alternative of a line filter: a text, or an address pattern inside `ip(…)`. */
export interface LineFilterOperand {
  readonly ip: boolean
  readonly value: string
}

/** `|= "a" or "b"`: the operands share the operator. */
export interface LineFilter {
  readonly kind: 'lineFilter'
  readonly op: LineFilterOp
  readonly operands: readonly LineFilterOperand[]
}

/** Operators that compare. */
export type CompareOp = '==' | '!=' | '>' | '>=' | '<' | '<='

/** A condition on one label, or two conditions joined. */
export type LabelFilter =
  | { readonly kind: 'string'; readonly matcher: Matcher }
  | { readonly kind: 'ip'; readonly name: string; readonly op: '=' | '!='; readonly pattern: string }
  /**
   * `unit` decides how the label's text is read: a float, a Go duration (value in ns), a byte size (value in
   * bytes).
   */
  | {
      readonly kind: 'compare'
      readonly unit: 'number' | 'duration' | 'bytes'
      readonly name: string
      readonly op: CompareOp | '='
      readonly value: number
    }
  | { readonly kind: 'and' | 'or'; readonly left: LabelFilter; readonly right: LabelFilter }

/** `name="path"` of `| json` and `| logfmt`; a bare name is its own path. */
export interface Extraction {
  readonly name: string
  readonly path: string
}

/** `dst=src` (rename) or `dst="template"`. */
export interface LabelFormat {
  readonly name: string
  readonly kind: 'rename' | 'template'
  readonly value: string
}

/** A target of `drop` or `keep`: a name, or a name whose value must match. */
export type NamedTarget = { readonly name: string } | Matcher

/** One stage of a log pipeline. */
export type Stage =
  | LineFilter
  | { readonly kind: 'labelFilter'; readonly filter: LabelFilter }
  | { readonly kind: 'json'; readonly extractions: readonly Extraction[] }
  | {
      readonly kind: 'logfmt'
      readonly strict: boolean
      readonly keepEmpty: boolean
      readonly extractions: readonly Extraction[]
    }
  | { readonly kind: 'regexp'; readonly pattern: string }
  | { readonly kind: 'pattern'; readonly pattern: string }
  | { readonly kind: 'unpack' }
  | { readonly kind: 'lineFormat'; readonly template: string }
  | { readonly kind: 'labelFormat'; readonly formats: readonly LabelFormat[] }
  | { readonly kind: 'decolorize' }
  | { readonly kind: 'drop' | 'keep'; readonly targets: readonly NamedTarget[] }

/** A selector and the stages its lines go through. */
export interface LogExpr {
  readonly kind: 'log'
  readonly matchers: readonly Matcher[]
  readonly stages: readonly Stage[]
}

/** How `unwrap` reads a label's text; none reads a float. */
export type UnwrapConversion = 'bytes' | 'duration' | 'duration_seconds'

/** `| unwrap label`, with the label filters that may follow it. */
export interface Unwrap {
  readonly label: string
  readonly conversion: UnwrapConversion | undefined
  readonly filters: readonly LabelFilter[]
}

/** What a range function reads: lines of the last `rangeMs` before each step, shifted back by `offsetMs`. */
export interface LogRange {
  readonly log: LogExpr
  readonly rangeMs: number
  readonly offsetMs: number
  readonly unwrap: Unwrap | undefined
}

/** `by (…)` or `without (…)`. */
export interface Grouping {
  readonly without: boolean
  readonly labels: readonly string[]
}

/** The functions over a range of lines. */
export const RANGE_OPS = [
  'rate',
  'rate_counter',
  'count_over_time',
  'bytes_rate',
  'bytes_over_time',
  'avg_over_time',
  'sum_over_time',
  'min_over_time',
  'max_over_time',
  'stdvar_over_time',
  'stddev_over_time',
  'quantile_over_time',
  'first_over_time',
  'last_over_time',
  'absent_over_time',
] as const
/** A function over a range of lines. */
export type RangeOp = (typeof RANGE_OPS)[number]

/** The aggregations over a vector. */
export const VECTOR_OPS = [
  'sum',
  'avg',
  'max',
  'min',
  'count',
  'stddev',
  'stdvar',
  'bottomk',
  'topk',
  'approx_topk',
  'sort',
  'sort_desc',
] as const
/** An aggregation over a vector. */
export type VectorOp = (typeof VECTOR_OPS)[number]

/** `rate({…}[5m])`. */
export interface RangeAggExpr {
  readonly kind: 'rangeAgg'
  readonly op: RangeOp
  readonly param: number | undefined
  readonly range: LogRange
  readonly grouping: Grouping | undefined
}

/** `sum by (a) (…)`. */
export interface VectorAggExpr {
  readonly kind: 'vectorAgg'
  readonly op: VectorOp
  /** `k` of topk, bottomk and approx_topk. */
  readonly param: number | undefined
  readonly expr: MetricExpr
  readonly grouping: Grouping | undefined
}

/** Operators that compute. */
export type ArithmeticOp = '+' | '-' | '*' | '/' | '%' | '^'
/** Operators that join sets of series. */
export type SetOp = 'and' | 'or' | 'unless'
/** Any operator between two metric expressions. */
export type BinaryOp = ArithmeticOp | CompareOp | SetOp

/** `on`/`ignoring`, and which side may have several series per match. */
export interface VectorMatching {
  readonly on: boolean
  readonly labels: readonly string[]
  readonly many: 'none' | 'left' | 'right'
  /** Labels that `group_left`/`group_right` copies from the one side. */
  readonly include: readonly string[]
}

/** `left op right`. */
export interface BinaryExpr {
  readonly kind: 'binary'
  readonly op: BinaryOp
  readonly bool: boolean
  readonly matching: VectorMatching | undefined
  readonly left: MetricExpr
  readonly right: MetricExpr
}

/** `label_replace(…, "dst", "$1", "src", "regex")`. */
export interface LabelReplaceExpr {
  readonly kind: 'labelReplace'
  readonly expr: MetricExpr
  readonly dst: string
  readonly replacement: string
  readonly src: string
  readonly regex: string
}

/** An expression whose values are numbers. */
export type MetricExpr =
  | RangeAggExpr
  | VectorAggExpr
  | BinaryExpr
  | LabelReplaceExpr
  | { readonly kind: 'vector'; readonly value: number }
  | { readonly kind: 'literal'; readonly value: number }

/** A query. */
export type Expr = LogExpr | MetricExpr
