import type { BlockSchema } from '../runtime/component.ts'

/** A decoded `wal {}` of loki.write. Durations in milliseconds. */
export interface WalArgs {
  readonly enabled: boolean
  /** What could not be sent for so long is dropped. */
  readonly max_segment_age: number
  /** Accepted and without effect: readers are told of new entries at once. */
  readonly min_read_frequency: number
  /** How often it is looked for segments that can be deleted. */
  readonly max_read_frequency: number
  /** How long reading goes on at the end, while sending succeeds. */
  readonly drain_timeout: number
}

/** The settings where the block is absent. */
export const DEFAULT_WAL: WalArgs = {
  enabled: false,
  max_segment_age: 3_600_000,
  min_read_frequency: 250,
  max_read_frequency: 1000,
  drain_timeout: 15_000,
}

/** The schema of `wal {}`. */
export const walBlock: BlockSchema = {
  body: {
    attributes: {
      enabled: { type: 'bool', default: DEFAULT_WAL.enabled },
      max_segment_age: { type: 'duration', default: DEFAULT_WAL.max_segment_age },
      min_read_frequency: { type: 'duration', default: DEFAULT_WAL.min_read_frequency },
      max_read_frequency: { type: 'duration', default: DEFAULT_WAL.max_read_frequency },
      drain_timeout: { type: 'duration', default: DEFAULT_WAL.drain_timeout },
    },
    validate: ({ min_read_frequency: min, max_read_frequency: max, max_segment_age: age }) => {
      if (Number(min) >= Number(max)) {
        throw new Error('wal: min_read_frequency must be less than max_read_frequency')
      }
      if (Number(age) <= 0) throw new Error('wal: max_segment_age must be greater than 0')
    },
  },
}
