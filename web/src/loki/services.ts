import { LEVELS, type Level, toLevel } from '../rows/level.ts'
import { msToNs } from '../rows/row.ts'
import { labelNames, labelValues, queryInstant } from './api.ts'
import type { MsRange } from './log-volume.ts'

/** One service of the sidebar. */
export interface Service {
  readonly name: string
  /** Lines in the window; null while unknown. */
  readonly lines: number | null
  /** Lines by level, worst level first; levels without lines are absent. */
  readonly byLevel: readonly { readonly level: Level; readonly lines: number }[]
}

/** The services and the stream label that names them; `label` is empty where no stream has any label. */
export interface ServiceList {
  readonly label: string
  readonly services: readonly Service[]
}

const CANDIDATES = ['service', 'service_name', 'app', 'container', 'job']

/**
 * Lists the services of a window. The label is `service` when every service has it, because it reads best in a
 * query, else `service_name`, which Loki gives every stream.
 */
export async function listServices(range: MsRange, signal: AbortSignal): Promise<ServiceList> {
  const window = { startNs: msToNs(range.fromMs), endNs: msToNs(range.toMs) }
  const names = await labelNames(window, signal)
  const candidates = CANDIDATES.filter((name) => names.includes(name))
  if (candidates.length === 0 && names[0] !== undefined) candidates.push(names[0])
  const values = await Promise.all(candidates.map((name) => labelValues(name, window, undefined, signal)))
  const all = values[candidates.indexOf('service_name')]
  const covers = (i: number) => all === undefined || all.every((value) => values[i]?.includes(value))
  const best = Math.max(0, candidates[0] === 'service' && covers(0) ? 0 : candidates.indexOf('service_name'))
  const services = (values[best] ?? []).map((name) => ({ name, lines: null, byLevel: [] }))
  return { label: candidates[best] ?? '', services }
}

/** Counts the lines of each service, by level. Throws where the server cannot; the list stands without it. */
export async function countServices(
  list: ServiceList,
  range: MsRange,
  signal: AbortSignal,
): Promise<ServiceList> {
  if (list.label === '') return list
  const seconds = Math.max(1, Math.round((range.toMs - range.fromMs) / 1000))
  const selector = `{${list.label}=~".+"}`
  const query = `sum by (${list.label}, level, detected_level) (count_over_time(${selector} [${seconds}s]))`
  const series = await queryInstant(query, msToNs(range.toMs), signal)
  const counts = new Map<string, Map<Level, number>>(list.services.map(({ name }) => [name, new Map()]))
  for (const { labels, values } of series) {
    const detected = toLevel(labels.detected_level)
    const level = detected === 'unknown' ? toLevel(labels.level) : detected
    const levels = counts.get(labels[list.label] ?? '')
    levels?.set(level, (levels.get(level) ?? 0) + (values[0] ?? 0))
  }
  const services = [...counts].map(([name, levels]): Service => {
    const byLevel = LEVELS.flatMap((level) =>
      levels.has(level) ? [{ level, lines: levels.get(level) ?? 0 }] : [],
    )
    return { name, byLevel, lines: byLevel.reduce((sum, one) => sum + one.lines, 0) }
  })
  return { label: list.label, services }
}
