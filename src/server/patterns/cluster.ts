import { HOLE, type Tokens, textOf } from './tokens.ts'

/** What all lines of a cluster share, the words apart. */
export interface Frame {
  /** `detected_level` of the lines. */
  readonly level: string
  /** Pattern of what comes before the text that is looked at word by word, and of what comes behind it. */
  readonly before: string
  readonly after: string
}

/** Lines that are alike, and when they were logged. */
export interface Cluster {
  readonly frame: Frame
  readonly words: string[]
  readonly gaps: readonly string[]
  /** Lines by number of bucket. */
  readonly counts: Map<number, number>
  total: number
  /** Whether it had to make room: nothing is to be counted here any more. */
  isGone: boolean
}

/** A cluster of one text so far, without a line. */
export function makeCluster(frame: Frame, { words, gaps }: Tokens): Cluster {
  return { frame, words: [...words], gaps, counts: new Map(), total: 0, isGone: false }
}

/** Counts lines of a bucket. */
export function countLines(cluster: Cluster, bucket: number, lines: number): void {
  cluster.counts.set(bucket, (cluster.counts.get(bucket) ?? 0) + lines)
  cluster.total += lines
}

/** The cluster's pattern, as `|>` takes it. */
export function patternOf({ frame, words, gaps }: Cluster): string {
  const text = frame.before + textOf({ words, gaps: [...gaps] }) + frame.after
  return text.replace(/(?:<_>){2,}/g, HOLE)
}

/** Share of its words that a text must have in common with a cluster to be of it. */
const SIMILAR = 0.6

/**
 * How much a text of as many words is like the cluster's: 1 where all of the cluster's words are there, 0
 * where it is too different to belong to it.
 */
export function similarity(cluster: readonly string[], words: readonly string[]): number {
  let constants = 0
  let equal = 0
  let holes = 0
  for (let i = 0; i < words.length; i++) {
    if (cluster[i] === HOLE) {
      if (words[i] === HOLE) holes++
    } else {
      constants++
      if (cluster[i] === words[i]) equal++
    }
  }
  if (equal === constants && (constants > 0 || holes === words.length)) return 1
  // A hole that stays a hole says nothing of likeness: one word that is equal must be there.
  const share = (equal + holes) / words.length
  return equal > 0 && share >= SIMILAR ? share : 0
}

/** Makes holes of the cluster's words that the text has not. */
export function widen(cluster: string[], words: readonly string[]): void {
  for (let i = 0; i < words.length; i++) if (cluster[i] !== words[i]) cluster[i] = HOLE
}
