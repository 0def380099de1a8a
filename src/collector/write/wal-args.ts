import type { BlockSchema } from '../runtime/component.ts'

const HINT =
  'remove the block: containers and files are read again from where the server last confirmed, ' +
  'and sources that take pushes answer only when there is room'

/**
 * The schema of `wal {}`: its settings are read and checked, and it may say `enabled = false`. There is no
 * buffer on disk yet, and whoever asks for one must not believe to have it.
 */
export const walBlock: BlockSchema = {
  body: {
    attributes: {
      enabled: { type: 'bool', default: false },
      max_segment_age: { type: 'duration', default: 3_600_000 },
      min_read_frequency: { type: 'duration', default: 250 },
      max_read_frequency: { type: 'duration', default: 1000 },
      drain_timeout: { type: 'duration', default: 15_000 },
    },
    validate: ({ enabled, min_read_frequency: min, max_read_frequency: max }) => {
      if (Number(min) >= Number(max)) {
        throw new Error('wal: min_read_frequency must be less than max_read_frequency')
      }
      if (enabled === true) throw new Error(`wal: a buffer on disk is not supported yet; ${HINT}`)
    },
  },
}
