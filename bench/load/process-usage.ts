import { readdirSync, readFileSync } from 'node:fs'

/**
 * CPU time that a process has used so far, seconds, from the scheduler's nanosecond counters of its threads;
 * threads that have ended are not in it. NaN where the process cannot be seen.
 */
export function cpuSeconds(pid: number): number {
  try {
    let ns = 0
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      ns += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0])
    }
    return ns / 1e9
  } catch {
    return Number.NaN
  }
}

/** Resident memory of a process, MB: now, and at its highest. */
export function rssMb(pid: number): { readonly now: number; readonly peak: number } {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    const read = (name: string): number =>
      Math.round(Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]) / 1024)
    return { now: read('VmRSS'), peak: read('VmHWM') }
  } catch {
    return { now: Number.NaN, peak: Number.NaN }
  }
}
