import { join } from 'node:path'
import { errorMessage } from '#base/errors.ts'
import { type Labels, labelsText, makeLabels } from '#base/labels.ts'
import { Counter } from '#base/metrics.ts'
import { applyRules, noRules, type RelabelRules } from '#base/relabel.ts'
import { orderDeliveries } from '../delivery-order.ts'
import { openPositions, type Positions } from '../docker/positions.ts'
import { fanOut } from '../fan-out.ts'
import { followJournal, type JournalQuery } from '../journal/follow-journal.ts'
import { cursorMs, type JournalEntry, journalLabels, parseJournalLine } from '../journal/journal-entry.ts'
import { readLegacyPosition } from '../journal/legacy-position.ts'
import { isDeepStrictEqual } from '../node-util.ts'
import type { LogEntry, LogsReceiver } from '../pipeline.ts'
import type { ComponentContext, ComponentDefinition, ComponentInstance } from '../runtime/component.ts'
import { pause } from './pause.ts'

interface Args {
  readonly forward_to: readonly LogsReceiver[]
  readonly format_as_json: boolean
  readonly max_age: number
  readonly path: string
  readonly matches: string
  readonly labels: Readonly<Record<string, string>>
  readonly relabel_rules?: RelabelRules
  readonly legacy_position?: { readonly file: string; readonly name: string }
}

const SETTLE_MS = 2000
const FIRST_RETRY_MS = 500
const MAX_RETRY_MS = 30_000

/**
 * `loki.source.journal`: the entries of systemd's journal, read through `journalctl`, so that no library of
 * systemd's is needed. The place is a cursor of the journal, kept once entries have been delivered.
 */
export const lokiSourceJournal: ComponentDefinition<Args> = {
  name: 'loki.source.journal',
  stability: 'generally-available',
  role: 'source',
  schema: {
    attributes: {
      forward_to: { type: { list: { capsule: 'LogsReceiver' } }, required: true },
      format_as_json: { type: 'bool', default: false },
      max_age: { type: 'duration', default: 7 * 3_600_000 },
      path: { type: 'string', default: '' },
      matches: { type: 'string', default: '' },
      labels: { type: { map: 'string' }, default: {} },
      relabel_rules: { type: { capsule: 'RelabelRules' } },
    },
    blocks: {
      legacy_position: {
        body: {
          attributes: {
            file: { type: 'string', required: true },
            name: { type: 'string', required: true },
          },
        },
      },
    },
    validate: (decoded) => {
      const wrong = matchesOf(String(decoded.matches ?? '')).find((match) => !/^[A-Z0-9_]+=/.test(match))
      if (wrong !== undefined) throw new Error(`matches: ${JSON.stringify(wrong)} is not FIELD=value`)
    },
  },
  build: (context, args) => new JournalSource(context, args),
}

class JournalSource implements ComponentInstance<Args> {
  readonly #context: ComponentContext
  readonly #positions: Positions
  readonly #key: string
  readonly #lines: Counter
  readonly #errors: Counter<string>
  #args: Args
  /** Ends the reading under way, when other entries are wanted. */
  #again = new AbortController()
  #taken = 0
  /** Whether a cursor was refused, so that its time must do. */
  #isCursorRefused = false

  constructor(context: ComponentContext, args: Args) {
    this.#context = context
    this.#args = args
    this.#key = `cursor-${context.id}`
    this.#positions = openPositions(
      join(context.dataDir, 'positions.yml'),
      ({ path }) => path,
      context.logger,
    )
    this.#takeLegacyPosition()
    const registers = [context.metrics]
    const name = 'loki_source_journal_target_lines_total'
    this.#lines = new Counter({ name, help: 'Entries passed on.', registers })
    this.#errors = new Counter({
      name: 'loki_source_journal_target_parsing_errors_total',
      help: 'Entries left out, by reason.',
      labelNames: ['error'],
      registers,
    })
  }

  async run(signal: AbortSignal): Promise<void> {
    let retryMs = FIRST_RETRY_MS
    while (!signal.aborted) {
      this.#again = new AbortController()
      const takenBefore = this.#taken
      try {
        await this.#follow(AbortSignal.any([signal, this.#again.signal]))
        retryMs = FIRST_RETRY_MS
      } catch (error) {
        if (this.#taken > takenBefore) retryMs = FIRST_RETRY_MS
        else this.#isCursorRefused = true
        this.#context.reportHealth('unhealthy', errorMessage(error))
        this.#context.logger.warn({ error: errorMessage(error), retryMs }, 'the journal cannot be read')
        await pause(retryMs, signal)
        retryMs = Math.min(retryMs * 2, MAX_RETRY_MS)
      }
    }
    await this.#positions.close()
  }

  update(args: Args): void {
    const before = this.#args
    this.#args = args
    const what = ({ path, matches, max_age }: Args): unknown => [path, matches, max_age]
    if (!isDeepStrictEqual(what(args), what(before))) this.#again.abort()
  }

  debugInfo(): unknown {
    return { cursor: this.#positions.get(this.#key)?.value ?? '' }
  }

  /** Goes on where Promtail stopped, once: a place of its own is never replaced. */
  #takeLegacyPosition(): void {
    const legacy = this.#args.legacy_position
    if (legacy === undefined || this.#positions.get(this.#key) !== undefined) return
    const value = readLegacyPosition(legacy.file, legacy.name)
    if (value !== undefined) this.#positions.set({ path: this.#key, labels: '', value })
    else
      this.#context.logger.warn(legacy, 'legacy_position names no place; the journal is read from max_age on')
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const order = orderDeliveries<string>((value) => {
      this.#isCursorRefused = false
      this.#positions.set({ path: this.#key, labels: '', value })
    })
    const take = async (lines: readonly string[]): Promise<void> => {
      this.#context.reportHealth('healthy', 'the journal is being read')
      const entries = lines.flatMap((line) => this.#parse(line))
      const last = entries.at(-1)
      if (last === undefined) return
      const delivery = order.track(last.cursor)
      for (const { labels, entries: group } of this.#group(entries)) {
        delivery.hold()
        await fanOut(this.#args.forward_to, { labels, entries: group, delivery })
        this.#lines.inc(group.length)
        this.#taken += group.length
      }
      delivery.done()
    }
    try {
      await followJournal(this.#query(), take, signal)
    } finally {
      await order.settled(SETTLE_MS)
      // What arrives later belongs to a reading that has been given up.
      order.abandon()
    }
  }

  /** After the last entry delivered, but nothing older than `max_age`. */
  #query(): JournalQuery {
    const { path, matches, max_age: maxAgeMs } = this.#args
    const cursor = this.#positions.get(this.#key)?.value
    const oldestMs = Date.now() - maxAgeMs
    const lastMs = cursor === undefined ? undefined : cursorMs(cursor)
    const isRecent = cursor !== undefined && (lastMs ?? Number.POSITIVE_INFINITY) >= oldestMs
    const from =
      isRecent && !this.#isCursorRefused ? { cursor } : { sinceMs: Math.max(oldestMs, lastMs ?? oldestMs) }
    return { path, matches: matchesOf(matches), from }
  }

  #parse(line: string): JournalEntry[] {
    try {
      const entry = parseJournalLine(line)
      if (entry.fields.MESSAGE !== undefined || this.#args.format_as_json) return [entry]
      this.#errors.inc({ error: 'no_message' })
    } catch (error) {
      this.#errors.inc({ error: 'unreadable' })
      this.#context.logger.debug({ error: errorMessage(error) }, 'a journal entry was left out')
    }
    return []
  }

  /** Entries of one label set travel together, in order of their first one. */
  #group(entries: readonly JournalEntry[]): { labels: Labels; entries: LogEntry[] }[] {
    const groups = new Map<string, { labels: Labels; entries: LogEntry[] }>()
    for (const entry of entries) {
      const labels = this.#labelsOf(entry)
      if (labels === undefined) continue
      const text = labelsText(labels)
      const { tsMs, tsNs, fields } = entry
      const line = this.#args.format_as_json ? JSON.stringify(fields) : (fields.MESSAGE ?? '')
      const group = groups.get(text) ?? { labels, entries: [] }
      groups.set(text, group)
      group.entries.push({ tsMs, tsNs, line, metadata: [] })
    }
    return [...groups.values()]
  }

  #labelsOf({ fields }: JournalEntry): Labels | undefined {
    const { labels, relabel_rules: rules } = this.#args
    const all = makeLabels({ ...journalLabels(fields), job: this.#context.id, ...labels })
    const kept = applyRules(rules ?? noRules, all)?.filter(([name]) => !name.startsWith('__'))
    if (kept !== undefined && kept.length > 0) return kept
    this.#errors.inc({ error: 'empty_labels' })
    return undefined
  }
}

function matchesOf(text: string): string[] {
  return text.split(/\s+/).filter((match) => match !== '')
}
