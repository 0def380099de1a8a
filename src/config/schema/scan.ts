import type { z } from 'zod'
import { section, text } from '../fields.ts'

/**
 * `scan`: how queries read what is stored. Loki has no such section and does not start with it; the flag does
 * the same without a file.
 */
export const scanSchema = section(
  { goType: 'logboom.Scan' },
  {
    /** Threads that help with long queries: a number, 0 for none, or `auto` (see `parseScanWorkers`). */
    workers: text('auto', 'scan-workers'),
  },
)

/** The section, read. */
export type ScanSection = z.output<typeof scanSchema>
