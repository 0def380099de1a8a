import { mkdir, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { z } from 'zod'
import { errorMessage } from '#base/errors.ts'
import type { Logger } from '#base/logger.ts'
import { writeAtomically } from './rule-store.ts'

const labels = z.array(z.tuple([z.string(), z.string()]).readonly()).readonly()

// JSON has no infinities and no NaN: they are written as texts.
const value = z.union([z.number(), z.enum(['NaN', 'Infinity', '-Infinity']).transform(Number)])

const alertSchema = z.object({
  labels,
  annotations: labels,
  value,
  state: z.enum(['pending', 'firing', 'inactive']),
  activeAtMs: z.number(),
  firedAtMs: z.number(),
  resolvedAtMs: z.number(),
  lastSentAtMs: z.number(),
  keepFiringSinceMs: z.number(),
})

const noticeSchema = z.object({
  labels,
  annotations: labels,
  status: z.enum(['firing', 'resolved']),
  startsAtMs: z.number(),
  endsAtMs: z.number(),
  expr: z.string(),
})

const sampleSchema = z.object({
  labels,
  value,
  timeMs: z.number(),
  stale: z.literal(true).optional(),
})

const toldSchema = z.object({
  key: z.string(),
  startsAtMs: z.number(),
  toldAtMs: z.number(),
  seenAtMs: z.number(),
})

const ruleSchema = z.object({
  tenant: z.string(),
  namespace: z.string(),
  group: z.string(),
  rule: z.string(),
  evaluatedAtMs: z.number(),
  alerts: z.array(alertSchema).readonly(),
})

const waitingSchema = z.object({
  tenant: z.string(),
  receiver: z.string(),
  notices: z.array(noticeSchema).readonly(),
})

const unsentSchema = z.object({
  tenant: z.string(),
  client: z.string(),
  samples: z.array(sampleSchema).readonly(),
})

const stateSchema = z.object({
  version: z.literal(1),
  savedAtMs: z.number(),
  rules: z.array(ruleSchema).readonly(),
  notifier: z.object({
    waiting: z.array(waitingSchema).readonly(),
    told: z.array(toldSchema).readonly(),
  }),
  unsent: z.array(unsentSchema).readonly(),
})

/** What a ruler knows beyond its rules: alerts that are active, and what has not been delivered. */
export type RulerState = z.output<typeof stateSchema>

/** A file that keeps a ruler's state. */
export interface StateFile {
  /** What was saved last; `undefined` where there is nothing that can be used. */
  load(): Promise<RulerState | undefined>
  /** Saves `state()` within a second; many calls in that time make one write. */
  saveSoon(): void
  /** Saves now what has changed. */
  close(): Promise<void>
}

const DELAY_MS = 1000
/** A file that takes long to write (many samples wait) is written less often: a twentieth of the time. */
const IDLE_FACTOR = 20

function stateText(state: RulerState): string {
  return JSON.stringify(state, (_key, item: unknown) =>
    typeof item === 'number' && !Number.isFinite(item) ? String(item) : item,
  )
}

/** Makes a state file at `path`. Each write replaces the file as a whole. */
export function makeStateFile(path: string, state: () => RulerState, logger: Logger): StateFile {
  let timer: NodeJS.Timeout | undefined
  let writing: Promise<void> = Promise.resolve()
  let lastMs = 0
  const write = (): Promise<void> => {
    writing = writing.then(async () => {
      const begun = performance.now()
      try {
        await mkdir(dirname(path), { recursive: true })
        await writeAtomically(path, stateText(state()))
      } catch (error) {
        logger.error({ path, err: errorMessage(error) }, 'the state of alerts could not be saved')
      }
      lastMs = performance.now() - begun
    })
    return writing
  }
  return {
    load: () => loadState(path, logger),
    saveSoon() {
      if (timer !== undefined) return
      timer = setTimeout(
        () => {
          timer = undefined
          void write()
        },
        Math.max(DELAY_MS, lastMs * IDLE_FACTOR),
      )
      timer.unref()
    },
    async close() {
      clearTimeout(timer)
      await write()
    },
  }
}

async function loadState(path: string, logger: Logger): Promise<RulerState | undefined> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
      logger.error(
        { path, err: errorMessage(error) },
        'the state of alerts could not be read; they begin anew',
      )
    }
    return undefined
  }
  try {
    return stateSchema.parse(JSON.parse(text))
  } catch (error) {
    logger.error({ path, err: errorMessage(error) }, 'the state of alerts is damaged; they begin anew')
    return undefined
  }
}
