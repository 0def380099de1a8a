/** Code points from one to another, inclusive. */
export type Range = readonly [from: number, to: number]

/**
 * A pattern of RE2's language as a tree. Flags are worked into the nodes: what is case-insensitive, whether a
 * dot takes a newline, whether a repeat is lazy.
 */
export type RegexNode =
  | { readonly kind: 'empty' }
  /** Characters one after the other. */
  | { readonly kind: 'literal'; readonly text: string; readonly fold: boolean }
  /** One of the code points, sorted and disjoint. */
  | { readonly kind: 'class'; readonly ranges: readonly Range[] }
  | { readonly kind: 'any'; readonly newline: boolean }
  | { readonly kind: 'assert'; readonly what: 'begin' | 'end' | 'beginLine' | 'endLine' | 'word' | 'notWord' }
  | { readonly kind: 'capture'; readonly body: RegexNode }
  | { readonly kind: 'concat'; readonly parts: readonly RegexNode[] }
  | { readonly kind: 'alternate'; readonly parts: readonly RegexNode[] }
  /** `max` is Infinity for none. */
  | {
      readonly kind: 'repeat'
      readonly min: number
      readonly max: number
      readonly lazy: boolean
      readonly body: RegexNode
    }

/** Whether a node can match the empty text. Assertions do. */
export function canBeEmpty(node: RegexNode): boolean {
  switch (node.kind) {
    case 'empty':
    case 'assert':
      return true
    case 'literal':
      return node.text === ''
    case 'class':
    case 'any':
      return false
    case 'capture':
      return canBeEmpty(node.body)
    case 'concat':
      return node.parts.every(canBeEmpty)
    case 'alternate':
      return node.parts.some(canBeEmpty)
    case 'repeat':
      return node.min === 0 || canBeEmpty(node.body)
  }
}
