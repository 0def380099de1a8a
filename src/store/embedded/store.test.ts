import { silentLogger } from '#base/logger.ts'
import { compilePlainDelete } from '../store-model.ts'
import { storeSuite } from '../store-suite.ts'
import type { LogStore } from '../types.ts'
import { type EmbeddedStore, openEmbeddedStore } from './store.ts'

// Requests are due when the suite says so, and not when the store is opened again.
const CANCEL_PERIOD_MS = 86_400_000
let aheadMs = 0
const opened = new WeakMap<LogStore, EmbeddedStore>()

// Small sizes, so that a handful of rows fills pages, blocks and log files.
storeSuite({
  name: 'embedded',
  open: async (dir, { outOfOrderWindowMs }) => {
    const store = await openEmbeddedStore({
      dir,
      logger: silentLogger,
      fsync: { intervalMs: 1000 },
      retentionMs: () => 0,
      outOfOrderWindowMs,
      compactionIntervalMs: 600_000,
      compileDelete: compilePlainDelete,
      deleteCancelPeriodMs: CANCEL_PERIOD_MS,
      clock: () => Date.now() + aheadMs,
      blockBytes: 64,
      walFileBytes: 4096,
    })
    opened.set(store, store)
    return store
  },
  merge: async (store) => opened.get(store)?.compact(),
  purge: async (store) => {
    aheadMs += 2 * CANCEL_PERIOD_MS
    await opened.get(store)?.runDeletes()
  },
})
