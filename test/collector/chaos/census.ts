import type { LineCounts } from './line-counts.ts'
import type { StoredLines } from './read-store.ts'

/** What came of the lines of one container, or of all brief ones. */
export interface ContainerCensus {
  /** Its name; `brief*` for those that live for a moment. */
  readonly container: string
  /** Runs of its program. */
  lives: number
  written: number
  stored: number
  /** Refused by the server for good, and not stored. */
  refused: number
  missing: number
  twice: number
}

/** What came of everything that was written. */
export interface Census {
  readonly containers: readonly ContainerCensus[]
  /** In words: each line that is missing, there twice, or was never written. */
  readonly wrong: readonly string[]
}

const NUMBERED = /^((?:missing|cut|\d+ times): (.*)) (\d+)$/

/**
 * What is wrong with lines that follow one another in one entry, which shows where they begin and end:
 * `missing: steady0 <life> o 11 to 222, of 400`.
 */
export function wrongSpans(wrong: readonly string[], written: ReadonlyMap<string, number>): string[] {
  const spans: { what: string; key: string; from: number; to: number }[] = []
  const others: string[] = []
  for (const text of wrong) {
    const [, what, key, number] = NUMBERED.exec(text) ?? []
    const last = spans.at(-1)
    if (what === undefined) others.push(text)
    else if (last?.what === what && last.to + 1 === Number(number)) last.to++
    else spans.push({ what, key, from: Number(number), to: Number(number) })
  }
  const inWords = spans.map(({ what, key, from, to }) => {
    return `${what} ${from === to ? from : `${from} to ${to}`}, of ${written.get(key) ?? 0}`
  })
  return [...inWords, ...others]
}

/**
 * Compares what was written (`<container> <life> <stream>` → the number of its last line) with what is
 * stored. A line that the server has refused for good need not be there.
 */
export function takeCensus(
  written: ReadonlyMap<string, number>,
  { counts, foreign, cut }: StoredLines,
  refused: LineCounts,
): Census {
  const containers = new Map<string, ContainerCensus & { readonly known: Set<string> }>()
  const wrong = foreign.map((line) => `invented: ${line}`)
  for (const [key, last] of written) {
    const [name, life] = key.split(' ')
    const container = name.replace(/^brief.*/, 'brief*')
    const none = { lives: 0, written: 0, stored: 0, refused: 0, missing: 0, twice: 0 }
    const census = containers.get(container) ?? { container, ...none, known: new Set<string>() }
    containers.set(container, census)
    census.known.add(life)
    census.lives = census.known.size
    census.written += last
    for (let number = 1; number <= last; number++) {
      const times = counts.times(key, number)
      if (times > 0) census.stored++
      if (times > 1) {
        census.twice++
        wrong.push(`${times} times: ${key} ${number}`)
      }
      if (times > 0) continue
      if (refused.times(key, number) > 0) census.refused++
      else {
        census.missing++
        wrong.push(`missing: ${key} ${number}`)
      }
    }
  }
  // The last line of a life may have been cut by its end.
  for (const { key, number } of cut) if (number < (written.get(key) ?? 0)) wrong.push(`cut: ${key} ${number}`)
  for (const [key, highest] of counts.highest()) {
    const last = written.get(key) ?? 0
    if (highest > last) wrong.push(`invented: ${key} ${highest}, of ${last}`)
  }
  return { containers: [...containers.values()].map(({ known, ...census }) => census), wrong }
}
