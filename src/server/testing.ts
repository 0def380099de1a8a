import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadTheRest } from '#base/load-later.ts'
import { silentLogger } from '#base/logger.ts'
import { loadLokiConfig } from '#config/load.ts'
import { openEmbeddedStore } from '#store/embedded/store.ts'
import { createServer, type LogServer, type ServerOptions } from './server.ts'
import { storeSettings } from './store-settings.ts'
import { makeTenantLimits } from './tenant-limits.ts'

/** A server of a test, with a store of its own in a temporary folder. */
export interface TestServer {
  /** E.g. `http://127.0.0.1:41234`. */
  readonly url: string
  readonly server: LogServer
  /** Pushes lines of one stream, the present moment as their time, one nanosecond apart. */
  push(stream: Record<string, string>, lines: readonly string[]): Promise<Response>
  /** Closes the server and removes its folder. */
  close(): Promise<void>
}

/** Starts a server with the given lines added to a small loki.yaml; `more` goes to the server as it is. */
export async function startTestServer(
  yaml = 'auth_enabled: false',
  more: Partial<ServerOptions> = {},
): Promise<TestServer> {
  const dir = mkdtempSync(join(tmpdir(), 'logboom-test-'))
  const { config } = loadLokiConfig({
    text: `
common: {path_prefix: ${dir}}
schema_config:
  configs:
    - {from: 2024-04-01, store: tsdb, object_store: filesystem, schema: v13, index: {prefix: i, period: 24h}}
ingester: {lifecycler: {min_ready_duration: 0s}}
${yaml}`,
  })
  const limits = await makeTenantLimits(config, silentLogger)
  const store = await openEmbeddedStore({
    ...storeSettings(config, limits),
    logger: silentLogger,
    fsync: { intervalMs: 1000 },
  })
  const host = { logger: silentLogger, host: '127.0.0.1', port: 0 }
  const server = await createServer({ config, store, limits, ...host, ...more }).catch(
    async (error: unknown) => {
      await store.close()
      rmSync(dir, { recursive: true, force: true })
      throw error
    },
  )
  const url = await server.listen()
  // As a server that has been up for a second: no test waits for code.
  await loadTheRest(AbortSignal.any([]))
  return {
    url,
    server,
    push(stream, lines) {
      const nowMs = Date.now()
      const values = lines.map((line, i) => [`${nowMs}${String(i).padStart(6, '0')}`, line])
      return fetch(`${url}/loki/api/v1/push`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ streams: [{ stream, values }] }),
      })
    },
    async close() {
      await server.close()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}
