import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { silentLogger } from '#base/logger.ts'
import { loadLokiConfig } from '#config/load.ts'
import { makeScanParts } from '#server/scan-workers/scan-parts.ts'
import { makeScanPool } from '#server/scan-workers/scan-pool.ts'
import { createServer, type LogServer } from '#server/server.ts'
import { storeSettings } from '#server/store-settings.ts'
import { makeTenantLimits } from '#server/tenant-limits.ts'
import { openEmbeddedStore } from '#store/embedded/store.ts'
import { compare, send } from './compare.ts'
import { flush, loadDataset, readCases, readDataset } from './corpus.ts'
import { readDeviations } from './deviations.ts'

/** Raising this takes a change here as well as in docs/compatibility.md; it only ever goes down. */
const MOST_DEVIATIONS = 18

/** How the cases are answered. */
interface Ways {
  readonly shortcuts: boolean
  /** Whether other threads read all that they can. */
  readonly threads?: boolean
}

/** Replays every recorded case on the real server and store. */
export function conformanceSuite({ shortcuts, threads = false }: Ways): void {
  const ways = `shortcuts ${shortcuts ? 'on' : 'off'}, threads ${threads ? 'on' : 'off'}`
  describe(`the recorded answers of a Loki, ${ways}`, () => {
    const dir = mkdtempSync(join(tmpdir(), 'logboom-conformance-'))
    const cases = readCases()
    const deviations = new Map(readDeviations().map(({ id, reason }) => [id, reason]))
    const failed = new Map<string, string>()
    const pool = threads ? makeScanPool({ threads: 1, cacheBytes: 8 << 20, logger: silentLogger }) : undefined
    let server: LogServer

    beforeAll(async () => {
      const yaml = readFileSync(new URL('loki-config.yaml', import.meta.url), 'utf8')
      const { config } = loadLokiConfig({
        text: yaml.replaceAll('/loki', dir),
        flags: new Map([['ingester.min-ready-duration', '0s']]),
      })
      const limits = await makeTenantLimits(config, silentLogger)
      const settings = storeSettings(config, limits)
      const store = await openEmbeddedStore({
        ...settings,
        logger: silentLogger,
        fsync: { intervalMs: 1000 },
      })
      server = await createServer({
        config,
        store,
        limits,
        shortcuts,
        parts: makeScanParts(store.planScan, pool, 0),
        logger: silentLogger,
        host: '127.0.0.1',
        port: 0,
      })
      const base = await server.listen()
      await loadDataset(base, readDataset())
      let pushed = false
      for (const recorded of cases) {
        if (recorded.settle && pushed) await flush(base)
        pushed = recorded.path === '/loki/api/v1/push' || (pushed && !recorded.settle)
        const problem = compare(recorded, await send(base, recorded))
        if (problem !== null) failed.set(recorded.id, problem)
      }
    }, 180_000)

    afterAll(async () => {
      await pool?.close()
      await server?.close()
      rmSync(dir, { recursive: true, force: true })
    })

    test.each([...new Set(cases.map(({ category }) => category))])('%s', (category) => {
      const unexpected = cases
        .filter((recorded) => recorded.category === category && !deviations.has(recorded.id))
        .flatMap(({ id }) => (failed.has(id) ? [`${id}: ${failed.get(id)}`] : []))
      expect(unexpected).toEqual([])
    })

    test('every deviation of docs/compatibility.md is one, and there are not more than there were', () => {
      expect([...deviations.keys()].filter((id) => !failed.has(id))).toEqual([])
      expect(deviations.size).toBeLessThanOrEqual(MOST_DEVIATIONS)
    })
  })
}
