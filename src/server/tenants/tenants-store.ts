import { labelsText, makeLabels } from '#base/labels.ts'
import type { LabelMatcher, LogStore, StreamRef } from '#store/types.ts'
import { mergeScans } from './merge-scans.ts'

/** The label that tells whose a stream is, and what a stream's own label of that name becomes. */
const TENANT = '__tenant_id__'
const ORIGINAL = 'original___tenant_id__'

/**
 * Several tenants' rows as those of one, each stream with the label `__tenant_id__`: what queries of `a|b`
 * read. Matchers on that label choose the tenants. The tenant given to its methods is not looked at.
 */
export function makeTenantsStore(store: LogStore, tenants: readonly string[]): LogStore {
  const chosen = (matchers: readonly LabelMatcher[]): string[] =>
    tenants.filter((tenant) =>
      matchers.every((matcher) => matcher.name !== TENANT || matcher.matches(tenant)),
    )
  const forEach = <T>(
    matchers: readonly LabelMatcher[],
    read: (tenant: string, own: LabelMatcher[]) => Promise<T>,
  ): Promise<T[]> => Promise.all(chosen(matchers).map((tenant) => read(tenant, ownMatchers(matchers))))
  return {
    scan: (_tenants, request, signal) => {
      const own = { ...request, matchers: ownMatchers(request.matchers) }
      const scans = chosen(request.matchers).map((tenant) => ({
        scan: store.scan(tenant, own, signal),
        rename: (stream: StreamRef) => withTenant(stream, tenant),
      }))
      return mergeScans(scans, request.direction)
    },
    counts: async (_tenants, matchers, range) => {
      const lists = await forEach(matchers, async (tenant, own) => {
        const runs = await store.counts(tenant, own, range)
        return runs?.map((run) => ({ ...run, stream: withTenant(run.stream, tenant) }))
      })
      const known = lists.filter((runs) => runs !== undefined)
      return known.length < lists.length ? undefined : known.flat()
    },
    series: async (_tenants, matchers, range) => {
      const lists = await forEach(matchers, async (tenant, own) => {
        const streams = await store.series(tenant, own, range)
        return streams.map((stream) => withTenant(stream, tenant))
      })
      return lists.flat()
    },
    labelNames: async (_tenants, matchers, range) => {
      const lists = await forEach(matchers, (tenant, own) => store.labelNames(tenant, own, range))
      const names = new Set(lists.flat().map((name) => (name === TENANT ? ORIGINAL : name)))
      if (names.size > 0) names.add(TENANT)
      return [...names].sort()
    },
    labelValues: async (_tenants, name, matchers, range) => {
      const lists = await forEach(matchers, async (tenant, own) => {
        if (name !== TENANT) {
          return await store.labelValues(tenant, name === ORIGINAL ? TENANT : name, own, range)
        }
        return (await store.series(tenant, own, range)).length > 0 ? [tenant] : []
      })
      return [...new Set(lists.flat())].sort()
    },
    indexStats: async (_tenants, matchers, range) => {
      const all = await forEach(matchers, (tenant, own) => store.indexStats(tenant, own, range))
      const sum = { streams: 0, chunks: 0, bytes: 0, entries: 0 }
      for (const { streams, chunks, bytes, entries } of all) {
        sum.streams += streams
        sum.chunks += chunks
        sum.bytes += bytes
        sum.entries += entries
      }
      return sum
    },
    append: (tenant, batch) => store.append(tenant, batch),
    subscribe: (tenant, listener) => store.subscribe(tenant, listener),
    tenants: () => store.tenants(),
    flush: () => store.flush(),
    close: () => store.close(),
  }
}

/** The matchers as each tenant's own streams know them. */
function ownMatchers(matchers: readonly LabelMatcher[]): LabelMatcher[] {
  return matchers
    .filter(({ name }) => name !== TENANT)
    .map((matcher) =>
      matcher.name === ORIGINAL
        ? { ...matcher, name: TENANT, matches: (value) => matcher.matches(value) }
        : matcher,
    )
}

/** Streams are one object per store, and so are those with the tenant added. */
const renamed = new WeakMap<StreamRef, StreamRef>()

function withTenant(stream: StreamRef, tenant: string): StreamRef {
  const known = renamed.get(stream)
  if (known !== undefined) return known
  const own = stream.labels.map(([name, value]) => [name === TENANT ? ORIGINAL : name, value] as const)
  const labels = makeLabels([...own, [TENANT, tenant]])
  const made = { labels, key: labelsText(labels) }
  renamed.set(stream, made)
  return made
}
