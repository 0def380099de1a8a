import { availableParallelism } from 'node:os'

/** More threads than this would have too little of the cache each. */
const MOST = 64
/** As many as `auto` starts at most. */
const MOST_AUTO = 8

/**
 * Reads the number of scan workers: `auto` is one per core of this machine, or of the share that its control
 * group allows, but one.
 * @throws Error for anything else than `auto` and whole numbers from 0 to 64
 */
export function parseScanWorkers(text: string): number {
  if (text === 'auto') return Math.min(availableParallelism() - 1, MOST_AUTO)
  const count = Number(text)
  if (!/^\d{1,2}$/.test(text) || count > MOST) {
    throw new Error(`invalid number of scan workers: "${text}"; use auto, or a number from 0 to ${MOST}`)
  }
  return count
}
