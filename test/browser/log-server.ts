import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLogger } from '#base/logger.ts'
import { defaultConfig } from '#config/default-config.ts'
import { createServer } from '#server/server.ts'
import { storeSettings } from '#server/store-settings.ts'
import { makeTenantLimits } from '#server/tenant-limits.ts'
import { openEmbeddedStore } from '#store/embedded/store.ts'
import type { FakeEntry } from './fake-answers.ts'

/** Logboom itself, with the page, on a port and a folder of its own. */
export interface PageServer {
  readonly url: string
  push(entries: readonly FakeEntry[]): Promise<void>
  close(): Promise<void>
}

/** Starts the server over an empty store; `pageDir` holds the built page. */
export async function startPageServer(pageDir: string): Promise<PageServer> {
  const dataDir = await mkdtemp(join(tmpdir(), 'logboom-page-data-'))
  const config = defaultConfig(new Map([['common.path-prefix', dataDir]]))
  const limits = await makeTenantLimits(config, silentLogger)
  const store = await openEmbeddedStore({
    ...storeSettings(config, limits),
    logger: silentLogger,
    fsync: { intervalMs: 200 },
  })
  const server = await createServer({
    config,
    store,
    limits,
    logger: silentLogger,
    pageDir,
    host: '127.0.0.1',
    port: 0,
  })
  const url = await server.listen()
  return {
    url,
    push: (entries) => push(url, entries),
    async close() {
      await server.close()
      await rm(dataDir, { recursive: true })
    },
  }
}

/** Pushes entries of many streams, a few thousand at a time. */
async function push(url: string, entries: readonly FakeEntry[]): Promise<void> {
  for (let from = 0; from < entries.length; from += 2_000) {
    const streams = new Map<string, { stream: object; values: unknown[] }>()
    for (const { labels, tsMs, line } of entries.slice(from, from + 2_000)) {
      const key = JSON.stringify(labels)
      const stream = streams.get(key) ?? { stream: labels, values: [] }
      streams.set(key, stream)
      stream.values.push([`${tsMs}000000`, line])
    }
    const response = await fetch(`${url}/loki/api/v1/push`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ streams: [...streams.values()] }),
    })
    if (response.status !== 204) throw new Error(`push: ${response.status} ${await response.text()}`)
  }
}
