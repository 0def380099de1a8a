import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { errorMessage } from '#base/errors.ts'
import type { Logger } from '#base/logger.ts'
import type { Registry } from '#base/metrics.ts'
import { dataDirectory } from '#config/directories.ts'
import { rulesLocation } from '#config/rules/rules-location.ts'
import type { LokiConfig } from '#config/schema/root.ts'
import type { RulerConfig } from '#config/schema/ruler.ts'
import type { LogStore } from '#store/types.ts'
import type { TenantLimits } from '../tenant-limits.ts'
import { type Evaluate, makeEvaluate } from './evaluate.ts'
import type { GroupRunner, GroupWorld } from './group-runner.ts'
import { makeGroupTable } from './group-table.ts'
import { makeRulerMetrics, type RulerMetrics } from './metrics.ts'
import { makeNotifier, type Notifier } from './notifier.ts'
import { makeReceivers } from './receivers.ts'
import { makeRemoteWriters, type RemoteWriters } from './remote-writers.ts'
import { makeRuleBook, type RuleBook } from './rule-book.ts'
import { makeRuleStore, type RuleStore } from './rule-store.ts'
import { restoreRuns, savedRules } from './saved-rules.ts'
import { makeStateFile, type RulerState } from './state-file.ts'

/** Evaluates the rules of every tenant and tells of what they find. */
export interface Ruler {
  readonly store: RuleStore
  /** Changes to the rules; they are in effect once they resolve. */
  readonly book: RuleBook
  /** The groups of a tenant that are being evaluated. */
  groups(tenant: string): GroupRunner[]
  /** Takes up where the last ruler ended, reads the rules and begins. */
  start(): Promise<void>
  /** Ends what runs and saves what must survive. */
  close(): Promise<void>
}

/** What a ruler works with. */
export interface RulerOptions {
  readonly config: LokiConfig
  readonly store: LogStore
  readonly limits: TenantLimits
  readonly logger: Logger
  readonly registry: Registry
  readonly shortcuts: boolean
}

/**
 * Makes the ruler; `undefined` where the configuration names no folder of rules.
 * @throws OperatorError for URLs and files of receivers that cannot be used
 */
export function makeRuler(options: RulerOptions): Ruler | undefined {
  const location = rulesLocation(options.config)
  if (location === undefined) return undefined
  const logger = options.logger.child({ component: 'ruler' })
  return rulerOver(makeRuleStore(location), { ...options, logger }, makeRulerMetrics(options.registry))
}

function rulerOver(store: RuleStore, options: RulerOptions, metrics: RulerMetrics): Ruler {
  const { logger } = options
  const { ruler } = options.config
  const statePath = join(dataDirectory(options.config), 'ruler', 'state.json')
  const onChange = (): void => stateFile.saveSoon()
  const parts = makeParts(options, metrics, onChange)
  /** What the last ruler left behind; used up by the groups as they begin. */
  let left: RulerState['rules'] = []
  const times = { outageToleranceMs: ruler.for_outage_tolerance, gracePeriodMs: ruler.for_grace_period }
  const table = makeGroupTable(makeWorld(parts, ruler, onChange), (identity) =>
    restoreRuns(identity, left, Date.now(), times),
  )
  const collect = (): RulerState => ({
    version: 1,
    savedAtMs: Date.now(),
    rules: [...table.all().flatMap(savedRules), ...left],
    notifier: parts.notifier.state(),
    unsent: parts.writers.unsent(),
  })
  const stateFile = makeStateFile(statePath, collect, logger)
  const syncTenant = async (tenant: string, isThere: boolean): Promise<void> => {
    try {
      const namespaces = isThere ? await store.load(tenant) : new Map()
      if (await table.update(tenant, namespaces)) metrics.reloads.inc({ user: tenant })
      left = left.filter((rule) => rule.tenant !== tenant)
      metrics.reloadOk.set({ user: tenant }, 1)
      metrics.reloadTime.set({ user: tenant }, Date.now() / 1000)
    } catch (error) {
      metrics.reloadOk.set({ user: tenant }, 0)
      logger.error({ tenant, err: errorMessage(error) }, 'rules cannot be read; the previous ones stay')
    }
    metrics.managers.set(table.tenants().length)
  }
  const sync = makeSync(store, ruler, logger, syncTenant, table.tenants)
  return {
    store,
    book: makeRuleBook(store, sync.tenant),
    groups: (tenant) => table.groups(tenant),
    async start() {
      const saved = await stateFile.load()
      if (saved !== undefined) {
        const tooOldMs = Date.now() - ruler.for_outage_tolerance
        left = saved.rules.filter(({ evaluatedAtMs }) => evaluatedAtMs >= tooOldMs)
        // Before any rule is evaluated, whose word is the newer one.
        parts.notifier.restore(saved.notifier)
        parts.writers.restore(saved.unsent)
      }
      await sync.start()
    },
    async close() {
      await sync.close()
      await table.stop()
      await Promise.all([parts.notifier.close(), parts.writers.close()])
      await stateFile.close()
    },
  }
}

interface Parts {
  readonly evaluate: Evaluate
  readonly notifier: Notifier
  readonly writers: RemoteWriters
  readonly metrics: RulerMetrics
  readonly logger: Logger
}

function makeParts(options: RulerOptions, metrics: RulerMetrics, onChange: () => void): Parts {
  const { config, limits, logger, store, shortcuts } = options
  const { ruler } = config
  return {
    metrics,
    logger,
    evaluate: makeEvaluate({
      store,
      limitsOf: limits.of,
      shortcuts,
      maxJitterMs: ruler.evaluation.max_jitter,
      // Half of the machine is left to those who push and ask.
      concurrency: Math.max(1, Math.floor(availableParallelism() / 2)),
    }),
    notifier: makeNotifier({
      receiversOf: makeReceivers(ruler, limits.of, logger),
      capacity: ruler.notification_queue_capacity,
      links: { externalUrl: ruler.external_url, datasourceUid: ruler.datasource_uid },
      metrics,
      logger,
      onChange,
    }),
    writers: makeRemoteWriters({ ruler, limitsOf: limits.of, metrics, logger, onChange }),
  }
}

function makeWorld(parts: Parts, ruler: RulerConfig, onChange: () => void): GroupWorld {
  const { evaluate, notifier, writers, metrics, logger } = parts
  return {
    evaluate,
    notify: notifier.notify,
    write: writers.write,
    onChange,
    metrics,
    logger,
    intervalMs: ruler.evaluation_interval,
    resendDelayMs: ruler.resend_delay,
    externalUrl: ruler.external_url,
    hideGroupLabel: ruler.disable_rule_group_label,
  }
}

interface Sync {
  /** Reads the rules of one tenant again. */
  tenant(tenant: string): Promise<void>
  /** Reads all rules now and then every `ruler.poll_interval`. */
  start(): Promise<void>
  close(): Promise<void>
}

/** Keeps what is evaluated in step with what is stored, one tenant after the other. */
function makeSync(
  store: RuleStore,
  ruler: RulerConfig,
  logger: Logger,
  syncTenant: (tenant: string, isThere: boolean) => Promise<void>,
  running: () => string[],
): Sync {
  let timer: NodeJS.Timeout | undefined
  let last: Promise<void> = Promise.resolve()
  let open = true
  const isOurs = (tenant: string): boolean =>
    !ruler.disabled_tenants.includes(tenant) &&
    (ruler.enabled_tenants.length === 0 || ruler.enabled_tenants.includes(tenant))
  const inTurn = (job: () => Promise<void>): Promise<void> => {
    last = last.then(async () => (open ? job() : undefined))
    return last
  }
  const all = (): Promise<void> =>
    inTurn(async () => {
      try {
        const stored = await store.tenants()
        for (const tenant of new Set([...stored, ...running()])) {
          if (isOurs(tenant)) await syncTenant(tenant, stored.includes(tenant))
        }
      } catch (error) {
        logger.error({ err: errorMessage(error) }, 'rules cannot be read; the previous ones stay')
      }
    })
  return {
    tenant: (tenant) => inTurn(async () => (isOurs(tenant) ? syncTenant(tenant, true) : undefined)),
    async start() {
      await all()
      timer = setInterval(() => void all(), Math.max(ruler.poll_interval, 10))
      timer.unref()
    },
    async close() {
      open = false
      clearInterval(timer)
      await last
    },
  }
}
