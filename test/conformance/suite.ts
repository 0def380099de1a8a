import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { silentLogger } from '#base/logger.ts'
import { loadLokiConfig } from '#config/load.ts'
import { createServer, type LogServer } from '#server/server.ts'
import { storeSettings } from '#server/store-settings.ts'
import { makeTenantLimits } from '#server/tenant-limits.ts'
import { openEmbeddedStore } from '#store/embedded/store.ts'
import { compare, send } from './compare.ts'
import { flush, loadDataset, readCases, readDataset } from './corpus.ts'
import { readDeviations } from './deviations.ts'

/** Raising this takes a change here as well as in docs/compatibility.md; it only ever goes down. */
const MOST_DEVIATIONS = 18

/** Replays every recorded case on the real server and store, with or without shortcuts. */
export function conformanceSuite(shortcuts: boolean): void {
  describe(`the recorded answers of a Loki, shortcuts ${shortcuts ? 'on' : 'off'}`, () => {
    const dir = mkdtempSync(join(tmpdir(), 'logboom-conformance-'))
    const cases = readCases()
    const deviations = new Map(readDeviations().map(({ id, reason }) => [id, reason]))
    const failed = new Map<string, string>()
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
