import type { CountRun } from '../types.ts'
import { widerMetadata } from './counted-level.ts'

/**
 * Runs of one stream and level as a single one, with one cell for each minute that any of them has. What it
 * says of its rows' metadata is the most that any of them says.
 */
export function mergeRuns(runs: readonly [CountRun, ...CountRun[]]): CountRun {
  const [first, ...others] = runs
  if (others.length === 0) return first
  const order = [...new Set(runs.flatMap((run) => [...minutesOf(run)]))].sort((a, b) => a - b)
  const places = new Map(order.map((minute, place) => [minute, place]))
  const columns = {
    minute: Int32Array.from(order),
    lines: new Float64Array(order.length),
    bytes: new Float64Array(order.length),
    metadataBytes: new Float64Array(order.length),
  }
  for (const { columns: own, from, to } of runs) {
    for (let i = from; i < to; i++) {
      const place = places.get(own.minute[i]) ?? 0
      columns.lines[place] += own.lines[i]
      columns.bytes[place] += own.bytes[i]
      columns.metadataBytes[place] += own.metadataBytes[i]
    }
  }
  const metadata = others.reduce((widest, other) => widerMetadata(widest, other.metadata), first.metadata)
  return { ...first, metadata, columns, from: 0, to: order.length }
}

function minutesOf({ columns, from, to }: CountRun): Int32Array {
  return columns.minute.subarray(from, to)
}

/** Runs by stream and level. */
export function groupRuns(runs: readonly CountRun[]): [CountRun, ...CountRun[]][] {
  const groups = new Map<CountRun['stream'], Map<string, [CountRun, ...CountRun[]]>>()
  for (const run of runs) {
    let byLevel = groups.get(run.stream)
    if (byLevel === undefined) groups.set(run.stream, (byLevel = new Map()))
    const group = byLevel.get(run.level)
    if (group === undefined) byLevel.set(run.level, [run])
    else group.push(run)
  }
  return [...groups.values()].flatMap((byLevel) => [...byLevel.values()])
}
