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

/** Labels that name what writes, best first, for servers that do not add `service_name`. */
const FALLBACKS = ['service', 'app', 'container', 'job']

/**
 * Lists the services of a window. The label is `service` when every service has it, because it reads best
 * in a query, else `service_name`, which Loki gives every stream.
 */
export async function listServices(range: MsRange, signal: AbortSignal): Promise<ServiceList> {
  const window = { startNs: msToNs(range.fromMs), endNs: msToNs(range.toMs) }
  const names = await labelNames(window, signal)
  const values = async (name: string) =>
    names.includes(name) ? await labelValues(name, window, undefined, signal) : []
  const [short, complete] = await Promise.all([values('service'), values('service_name')])
  const toList = (label: string, found: readonly string[]): ServiceList => ({
    label,
    services: found.map((name) => ({ name, lines: null, byLevel: [] })),
  })
  if (short.length > 0 && complete.every((name) => short.includes(name))) return toList('service', short)
  if (complete.length > 0) return toList('service_name', complete)
  const label = FALLBACKS.find((name) => names.includes(name)) ?? names[0] ?? ''
  return toList(label, label === '' ? [] : await values(label))
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
