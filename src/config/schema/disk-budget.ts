import type { z } from 'zod'
import { section, text } from '../fields.ts'

/**
 * `disk_budget`: how much of the disk the store may take before it drops the oldest lines. Loki has no such
 * section and does not start with it; the flags do the same without a file.
 */
export const diskBudgetSchema = section(
  { goType: 'logboom.DiskBudget' },
  {
    /** Most that the data may take: a size (`20GB`) or a share of the whole disk (`80%`). */
    max_disk: text('', 'max-disk'),
    /** What stays free for everything else: a size or a share of the whole disk. */
    min_free_disk: text('', 'min-free-disk'),
  },
)

/** The section, read. */
export type DiskBudgetSection = z.output<typeof diskBudgetSchema>
