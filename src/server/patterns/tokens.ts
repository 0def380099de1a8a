/** How a hole is written in a pattern: what LogQL's `|>` takes for any text. */
export const HOLE = '<_>'

/** A text cut into words and what stands between them. */
export interface Tokens {
  /** Words in turn; {@link HOLE} for those that are different in each line. */
  readonly words: string[]
  /** What stands before, between and behind the words: one more than there are words. */
  readonly gaps: string[]
}

const WORD = /<_>|[^\s\\"'()[\]{},;=<>|]+/g
const DIGIT = /\d/

/**
 * Cuts a text at space and punctuation. A word with a digit in it is a number, a time or an identifier: a
 * hole, as in the shapes of the store.
 */
export function tokensOf(text: string): Tokens {
  const words: string[] = []
  const gaps: string[] = []
  let end = 0
  for (const { 0: word, index } of text.matchAll(WORD)) {
    const isHole = word === HOLE || DIGIT.test(word)
    const gap = text.slice(end, index)
    end = index + word.length
    // LogQL takes no two holes side by side.
    if (isHole && gap === '' && words.at(-1) === HOLE) continue
    gaps.push(gap)
    words.push(isHole ? HOLE : word)
  }
  gaps.push(text.slice(end))
  return { words, gaps }
}

/** The text of words and gaps put together again. */
export function textOf({ words, gaps }: Tokens): string {
  let text = gaps[0]
  for (let i = 0; i < words.length; i++) text += words[i] + gaps[i + 1]
  return text
}
