import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type MemoryStore, makeMemoryStore } from '#logql/testing/memory-store.ts'
import type { Direction, LogStore } from '#store/types.ts'
import { makeTenantsStore } from './tenants-store.ts'

/** A store whose tenants are stores of their own. */
function combine(stores: Readonly<Record<string, MemoryStore>>): LogStore {
  return {
    ...stores.a,
    scan: (tenant, request, signal) => stores[tenant].scan(tenant, request, signal),
    series: (tenant, matchers, range) => stores[tenant].series(tenant, matchers, range),
  }
}

async function read(store: LogStore, direction: Direction): Promise<string[]> {
  const request = { matchers: [], fromMs: 0, fromNs: 0, toMs: 1e9, toNs: 0, direction }
  const found: string[] = []
  let edgeMs = direction === 'forward' ? -Infinity : Infinity
  for await (const { fromMs, toMs, batches } of store.scan('', request)) {
    if (direction === 'forward') expect(fromMs).toBeGreaterThanOrEqual(edgeMs)
    else expect(toMs).toBeLessThanOrEqual(edgeMs)
    edgeMs = direction === 'forward' ? toMs : fromMs
    for (const { rows, tsMs, stream } of batches) {
      for (const row of rows) {
        expect(tsMs[row] >= fromMs && tsMs[row] < toMs).toBe(true)
        found.push(`${stream.key} ${tsMs[row]}`)
      }
    }
  }
  return found
}

test('every row comes once, in windows that follow one another', async () => {
  const times = fc.uniqueArray(fc.nat(500), { maxLength: 20 })
  const directions = fc.constantFrom<Direction>('forward', 'backward')
  await fc.assert(
    fc.asyncProperty(times, times, directions, async (ofA, ofB, direction) => {
      const stores = { a: makeMemoryStore({ windowMs: 70 }), b: makeMemoryStore({ windowMs: 100 }) }
      for (const tsMs of ofA) stores.a.add({ app: 'x' }, [{ tsMs, line: 'x' }])
      for (const tsMs of ofB) stores.b.add({ app: 'x', __tenant_id__: 'own' }, [{ tsMs, line: 'x' }])
      const found = await read(makeTenantsStore(combine(stores), ['a', 'b']), direction)
      const wanted = [
        ...ofA.map((ms) => `{__tenant_id__="a", app="x"} ${ms}`),
        ...ofB.map((ms) => `{__tenant_id__="b", app="x", original___tenant_id__="own"} ${ms}`),
      ]
      expect([...found].sort()).toEqual(wanted.sort())
    }),
    { numRuns: 100 },
  )
})

test('matchers on the tenant choose among them, matchers on the original among streams', async () => {
  const stores = { a: makeMemoryStore(), b: makeMemoryStore() }
  stores.a.add({ app: 'x' }, [{ tsMs: 1, line: 'x' }])
  stores.b.add({ app: 'x', __tenant_id__: 'own' }, [{ tsMs: 1, line: 'x' }])
  const store = makeTenantsStore(combine(stores), ['a', 'b'])
  const equals = (name: string, value: string) => {
    return { name, value, op: '=' as const, matches: (other: string) => other === value }
  }
  const range = { fromMs: 0, toMs: 10 }
  const keys = async (name: string, value: string): Promise<string[]> =>
    (await store.series('', [equals(name, value)], range)).map(({ key }) => key)
  expect(await keys('__tenant_id__', 'a')).toEqual(['{__tenant_id__="a", app="x"}'])
  expect(await keys('original___tenant_id__', 'own')).toEqual([
    '{__tenant_id__="b", app="x", original___tenant_id__="own"}',
  ])
})
