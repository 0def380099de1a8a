import type { Limits } from '#config/schema/limits.ts'

/**
 * The limits of a query over several tenants: of each number the smallest that is set, all else the first's.
 */
export function strictestLimits(all: readonly [Limits, ...Limits[]]): Limits {
  const [first] = all
  const merged = Object.entries(first).map(([name, value]) => {
    if (typeof value !== 'number') return [name, value] as const
    const values = all.map((limits) => Number(limits[name as keyof Limits])).filter((own) => own > 0)
    return [name, values.length === 0 ? value : Math.min(...values)] as const
  })
  const required = new Set(all.flatMap(({ required_labels: names }) => names))
  const blocked = all.flatMap(({ blocked_queries: rules }) => rules)
  const query = { required_labels: [...required], blocked_queries: blocked }
  return { ...first, ...(Object.fromEntries(merged) as Partial<Limits>), ...query }
}
