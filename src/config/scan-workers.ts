import { availableParallelism, totalmem } from 'node:os'

/** More threads than this would have too little of the cache each. */
const MOST = 64
/** As many as `auto` starts at most. */
const MOST_AUTO = 8

/** What everything else is to have, bytes. */
const SERVER_BYTES = 400 << 20
/** What one may take while it works, bytes. */
const WORKER_BYTES = 128 << 20

/**
 * Reads the number of scan workers: `auto` is one per core of this machine, or of the share that its control
 * group allows, but one; fewer where there is no memory for them.
 * @param memoryBytes what this process may take; default: what its control group, or the machine, has
 * @throws Error for anything else than `auto` and whole numbers from 0 to 64
 */
export function parseScanWorkers(text: string, memoryBytes = availableBytes()): number {
  if (text === 'auto') {
    const byMemory = Math.floor((memoryBytes - SERVER_BYTES) / WORKER_BYTES)
    return Math.max(0, Math.min(availableParallelism() - 1, MOST_AUTO, byMemory))
  }
  const count = Number(text)
  if (!/^\d{1,2}$/.test(text) || count > MOST) {
    throw new Error(`invalid number of scan workers: "${text}"; use auto, or a number from 0 to ${MOST}`)
  }
  return count
}

function availableBytes(): number {
  return process.constrainedMemory() || totalmem()
}
