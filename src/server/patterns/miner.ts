import { type Cluster, type Frame, makeCluster, similarity, widen } from './cluster.ts'
import { tokensOf } from './tokens.ts'

/** How much a miner may hold. */
export interface MinerLimits {
  /** Clusters at one time; the smallest make room for new ones. */
  readonly maxClusters: number
  /** Share of the clusters that goes when there is no room, above 0, at most 1. */
  readonly evictionRatio: number
}

/** Puts texts that are alike into clusters. */
export interface Miner {
  /** The cluster of a text between the ends of its frame; never one that is gone. */
  clusterOf(frame: Frame, text: string): Cluster
  clusters(): Iterable<Cluster>
}

/** Texts whose cluster is remembered. */
const REMEMBERED = 16_384
/** Clusters whose words have the same frame and gaps; a text beyond them joins the nearest. */
const MAX_ALIKE = 64

/**
 * Clusters texts as Drain does (He et al., ICWS 2017): those with the same frame, number of words and what
 * stands between them are compared word by word; words in which similar texts differ become holes.
 */
export function makeMiner({ maxClusters, evictionRatio }: MinerLimits): Miner {
  const groups = new Map<string, Cluster[]>()
  const remembered = new Map<string, Cluster>()
  let count = 0

  const evict = (): void => {
    const all = [...groups.values()].flat().sort((a, b) => a.total - b.total)
    for (const cluster of all.slice(0, Math.ceil(all.length * evictionRatio))) cluster.isGone = true
    for (const [key, group] of groups) {
      const left = group.filter(({ isGone }) => !isGone)
      if (left.length === 0) groups.delete(key)
      else groups.set(key, left)
    }
    remembered.clear()
    count = [...groups.values()].reduce((sum, group) => sum + group.length, 0)
  }

  const find = (frame: Frame, frameKey: string, text: string): Cluster => {
    const tokens = tokensOf(text)
    const key = `${frameKey}\n${tokens.gaps.join('\0')}`
    const known = nearest(groups.get(key) ?? [], tokens.words)
    if (known !== undefined) {
      widen(known.words, tokens.words)
      return known
    }
    if (count >= maxClusters) evict()
    const made = makeCluster(frame, tokens)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [made])
    else group.push(made)
    count++
    return made
  }

  return {
    clusterOf(frame, text) {
      const frameKey = `${frame.level}\n${frame.before}\n${frame.after}`
      const whole = `${frameKey}\n${text}`
      const known = remembered.get(whole)
      if (known !== undefined) return known
      const found = find(frame, frameKey, text)
      if (remembered.size >= REMEMBERED) remembered.clear()
      remembered.set(whole, found)
      return found
    },
    *clusters() {
      for (const group of groups.values()) yield* group
    },
  }
}

/** The cluster that the words belong to; the nearest of all where there are too many. */
function nearest(group: readonly Cluster[], words: readonly string[]): Cluster | undefined {
  let best: Cluster | undefined
  let most = 0
  for (const cluster of group) {
    const share = similarity(cluster.words, words)
    if (share === 1) return cluster
    if (share > most) {
      most = share
      best = cluster
    }
  }
  return best ?? (group.length >= MAX_ALIKE ? group[0] : undefined)
}
