import { silentLogger } from '#base/logger.ts'
import { storeSuite } from '../store-suite.ts'
import { openEmbeddedStore } from './store.ts'

// Small sizes, so that a handful of rows fills pages, blocks and log files.
storeSuite({
  name: 'embedded',
  open: (dir, { outOfOrderWindowMs }) =>
    openEmbeddedStore({
      dir,
      logger: silentLogger,
      fsync: { intervalMs: 1000 },
      retentionMs: () => 0,
      outOfOrderWindowMs,
      compactionIntervalMs: 600_000,
      blockBytes: 64,
      walFileBytes: 4096,
    }),
})
