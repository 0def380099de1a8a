import { vi } from 'vitest'

// Loaded before every test file. `vi.waitFor` gives up after a second by itself, which a busy machine needs for less
// than that: what a test waits for may take its time, and only what never comes fails.
const PATIENCE_MS = 10_000
const { waitFor } = vi
vi.waitFor = (check, options) => waitFor(check, options ?? { timeout: PATIENCE_MS })
