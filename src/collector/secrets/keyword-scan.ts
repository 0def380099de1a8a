/**
 * Finds which of many ASCII words a text contains, upper and lower case alike, in one pass: the automaton of
 * Aho and Corasick (1975), as a table.
 * @param words for each thing to find the words of which one suffices; a thing without words is always there
 * @returns a function that gives the indices of the things that may be in a text, in rising order
 */
export function makeKeywordScan(words: readonly (readonly string[])[]): (text: string) => readonly number[] {
  const { next, ends } = buildAutomaton(words)
  const always = words.flatMap((list, i) => (list.length === 0 ? [i] : []))
  const seen = new Uint8Array(words.length)
  const isEnd = Uint8Array.from(ends, (things) => (things === undefined ? 0 : 1))
  return (text) => {
    let state = 0
    let isAny = false
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i)
      // What is no ASCII is in no word.
      state = code < 128 ? next[state * 128 + code] : 0
      if (isEnd[state] === 0) continue
      isAny = true
      for (const thing of ends[state] ?? []) seen[thing] = 1
    }
    if (!isAny) return always
    for (const thing of always) seen[thing] = 1
    const things: number[] = []
    for (let i = 0; i < seen.length; i++) if (seen[i] === 1) things.push(i)
    seen.fill(0)
    return things
  }
}

interface Automaton {
  /** `next[state * 128 + code]`: the state after a character. */
  readonly next: Uint16Array | Uint32Array
  /** The things of which a word ends in a state. */
  readonly ends: readonly (readonly number[] | undefined)[]
}

function buildAutomaton(words: readonly (readonly string[])[]): Automaton {
  const children: Map<number, number>[] = [new Map()]
  const own: number[][] = [[]]
  for (const [thing, list] of words.entries()) {
    for (const word of list) {
      let state = 0
      for (const char of word) {
        const code = char.charCodeAt(0)
        let child = children[state].get(code)
        if (child === undefined) {
          child = children.length
          children.push(new Map())
          own.push([])
          children[state].set(code, child)
        }
        state = child
      }
      own[state].push(thing)
    }
  }
  const next = new (children.length <= 2 ** 16 ? Uint16Array : Uint32Array)(children.length * 128)
  const ends: (number[] | undefined)[] = own.map((list) => (list.length === 0 ? undefined : list))
  const fallback = new Uint32Array(children.length)
  const queue = [0]
  for (let at = 0; at < queue.length; at++) {
    const state = queue[at]
    const inherited = ends[fallback[state]]
    if (state !== 0 && inherited !== undefined) ends[state] = [...(ends[state] ?? []), ...inherited]
    for (let code = 0; code < 128; code++) {
      const child = children[state].get(code)
      const elsewhere = state === 0 ? 0 : next[fallback[state] * 128 + code]
      next[state * 128 + code] = child ?? elsewhere
      if (child === undefined) continue
      fallback[child] = elsewhere
      queue.push(child)
    }
  }
  for (let state = 0; state < children.length; state++) {
    for (let code = 65; code <= 90; code++) next[state * 128 + code] = next[state * 128 + code + 32]
  }
  return { next, ends }
}
