import { parseGoDuration, parsePrometheusDuration, printPrometheusDuration } from '#base/duration.ts'
import { getAt, isRawMap } from '#config/tree.ts'
import type { YamlSource } from '#config/yaml-source.ts'
import type { Finding } from './finding.ts'
import { keyPlace } from './yaml.ts'

/** Advice on a Loki configuration that would start: what it does is not what its author wants. */
export function adviseLoki(source: YamlSource, nowMs: number): Finding[] {
  const rules = [
    retentionRule,
    streamRetentionRule,
    lookbackRule,
    ephemeralRule,
    filesystemRule,
    ringRule,
    authRule,
    walRule,
  ]
  return [...rules.flatMap((rule) => rule(source)), ...schemaRule(source, nowMs)]
}

type Keys = readonly (string | number)[]

function at(source: YamlSource, path: string): unknown {
  return getAt(source.value, path.split('.'))
}

function text(source: YamlSource, path: string): string {
  const value = at(source, path)
  return typeof value === 'string' ? value : ''
}

function finding(source: YamlSource, path: string | Keys, rest: Omit<Finding, 'line' | 'column'>): Finding {
  const keys = typeof path === 'string' ? path.split('.') : path
  return { ...keyPlace(source, keys), ...rest }
}

/**
 * Milliseconds of a duration as written in `limits_config`; 0 for unset, off or unreadable (the loader says
 * so).
 */
function limitMs(source: YamlSource, key: string): number {
  const value = at(source, `limits_config.${key}`)
  if (typeof value !== 'string') return 0
  try {
    return parsePrometheusDuration(value)
  } catch {
    return 0
  }
}

function retentionRule(source: YamlSource): Finding[] {
  const key = ['retention_period', 'retention_stream'].find((name) =>
    name === 'retention_period'
      ? limitMs(source, name) > 0
      : at(source, `limits_config.${name}`) !== undefined,
  )
  if (key === undefined) return []
  const why =
    'Only the compactor deletes, and only with `retention_enabled: true`; without it every line is kept ' +
    'for ever.'
  const example =
    'compactor:\n  working_directory: /loki/compactor\n  retention_enabled: true\n  ' +
    'delete_request_store: filesystem'
  if (at(source, 'compactor.retention_enabled') !== true) {
    const what = `\`${key}\` is set but nothing will ever be deleted: retention is not enabled`
    const fix = 'Enable retention in the compactor.'
    return [
      finding(source, ['limits_config', key], {
        code: 'loki-retention-off',
        severity: 'warning',
        what,
        why,
        fix,
        example,
      }),
    ]
  }
  const target = text(source, 'target')
  if (target !== '' && !/\b(all|backend|compactor)\b/.test(target)) {
    const what = `the compactor will never run: \`target: ${target}\` leaves it out`
    const fix = 'Use `target: all`, or run another Loki with the target `backend`.'
    return [finding(source, 'target', { code: 'loki-compactor-absent', severity: 'warning', what, why, fix })]
  }
  const interval = text(source, 'compactor.compaction_interval')
  if (interval !== '' && goMs(interval) === 0) {
    const what = 'the compactor will never run: its interval is 0'
    const fix = 'Give it an interval.'
    return [
      finding(source, 'compactor.compaction_interval', {
        code: 'loki-compactor-absent',
        severity: 'warning',
        what,
        why,
        fix,
        example: 'compaction_interval: 10m',
      }),
    ]
  }
  return []
}

function streamRetentionRule(source: YamlSource): Finding[] {
  const path = 'limits_config.retention_stream'
  const streams = at(source, path)
  if (!Array.isArray(streams) || streams.length === 0) return []
  return [
    finding(source, path, {
      code: 'loki-retention-stream-whole',
      severity: 'hint',
      what: 'Logboom keeps these streams as long as all others',
      why: 'It removes whole days of a tenant and does not apply `retention_stream` yet; Loki does.',
      fix: 'Set `retention_period` to the longest time you need, or give such streams a tenant of their own.',
    }),
  ]
}

function goMs(written: string): number | undefined {
  try {
    return parseGoDuration(written)
  } catch {
    return undefined
  }
}

function lookbackRule(source: YamlSource): Finding[] {
  const [lookback, retention] = [limitMs(source, 'max_query_lookback'), limitMs(source, 'retention_period')]
  if (lookback === 0 || retention === 0 || lookback === retention) return []
  const kept = printPrometheusDuration(retention)
  const seen = printPrometheusDuration(lookback)
  const fix = 'Set both to the same value.'
  const example = `max_query_lookback: ${text(source, 'limits_config.retention_period')}`
  const path = 'limits_config.max_query_lookback'
  if (lookback < retention) {
    const what = `lines are kept for ${kept} but can be queried for ${seen} only`
    const why =
      '`max_query_lookback` hides everything older from every query, although it still takes up the disk.'
    return [
      finding(source, path, { code: 'loki-lookback-short', severity: 'warning', what, why, fix, example }),
    ]
  }
  const what = `queries reach back ${seen}, but lines are kept for ${kept}`
  const why =
    'Queries do not look at retention: between the two, results depend on what the compactor has got ' +
    'round to.'
  return [finding(source, path, { code: 'loki-lookback-long', severity: 'hint', what, why, fix, example })]
}

const DIRECTORIES = [
  'common.path_prefix',
  'common.storage.filesystem.chunks_directory',
  'storage_config.filesystem.directory',
  'storage_config.object_store.filesystem.dir',
  'storage_config.tsdb_shipper.active_index_directory',
  'ingester.wal.dir',
  'compactor.working_directory',
]

function ephemeralRule(source: YamlSource): Finding[] {
  return DIRECTORIES.filter((path) =>
    /^\/(tmp|var\/tmp|dev\/shm|run|var\/run)(\/|$)/.test(text(source, path)),
  ).map((path) =>
    finding(source, path, {
      code: 'loki-ephemeral-dir',
      severity: 'warning',
      what:
        `\`${path}\` is ${text(source, path)}, which does not survive a restart of the machine or the ` +
        `container`,
      why: 'Temporary folders are emptied at boot, and in a container they are gone with it.',
      fix: 'Use a folder on a disk or volume that stays.',
      example:
        `${path.slice(path.lastIndexOf('.') + 1)}: ` +
        `${text(source, path).replace(/^\/(tmp|var\/tmp|dev\/shm|run|var\/run)(\/loki)?/, '/loki')}`,
    }),
  )
}

function filesystemRule(source: YamlSource): Finding[] {
  const legacy = ['common.storage.filesystem.chunks_directory', 'storage_config.filesystem.directory']
  const path = legacy.find((key) => text(source, key) !== '')
  const thanosOff = at(source, 'storage_config.use_thanos_objstore') === false
  if (path === undefined || thanosOff || text(source, 'storage_config.object_store.filesystem.dir') !== '')
    return []
  const configs = at(source, 'schema_config.configs')
  const onDisk =
    Array.isArray(configs) && configs.some((one) => isRawMap(one) && one.object_store === 'filesystem')
  if (!onDisk) return []
  return [
    finding(source, path, {
      code: 'loki-filesystem-trap',
      severity: 'warning',
      what: `Loki 3.8 ignores \`${path}\` and writes chunks and index into its working directory`,
      why:
        'From 3.8 on `use_thanos_objstore` is true by default, and that client knows only ' +
        '`object_store.filesystem.dir`: ' +
        'in a container the logs land outside the volume and are gone with it. (Logboom honours both.)',
      fix: 'Name the folder for both clients; 3.7 and 3.8 then write to the same place.',
      example: `storage_config:\n  object_store:\n    filesystem:\n      dir: ${text(source, path)}`,
    }),
  ]
}

function ringRule(source: YamlSource): Finding[] {
  const store =
    text(source, 'common.ring.kvstore.store') || text(source, 'ingester.lifecycler.ring.kvstore.store')
  const members = at(source, 'memberlist.join_members')
  if (store === '' && members === undefined) {
    return [
      finding(source, 'common', {
        code: 'loki-ring',
        severity: 'warning',
        what: 'a real Loki looks for Consul on localhost:8500 and does not become ready without it',
        why:
          'The ring that Lokis find each other by is kept in Consul unless the file says otherwise. ' +
          '(Logboom needs none.)',
        fix: 'On one machine keep the ring in memory.',
        example: 'common:\n  replication_factor: 1\n  ring:\n    kvstore:\n      store: inmemory',
      }),
    ]
  }
  const factor = at(source, 'common.replication_factor') ?? 3
  if (store !== 'inmemory' || factor === 1) return []
  return [
    finding(source, 'common.replication_factor', {
      code: 'loki-replication',
      severity: 'warning',
      what: `a real Loki refuses every push: replication factor ${String(factor)} and one node`,
      why:
        'A ring in memory has one member, and a write wants a majority of the replicas; 3 is the ' +
        'default. (Logboom keeps one copy.)',
      fix: 'Set the factor to 1.',
      example: 'common:\n  replication_factor: 1',
    }),
  ]
}

function authRule(source: YamlSource): Finding[] {
  if (at(source, 'auth_enabled') === false) {
    return [
      finding(source, 'auth_enabled', {
        code: 'loki-auth-off',
        severity: 'hint',
        what: 'whoever reaches the port may read and write every log',
        why:
          '`auth_enabled: false` puts all into one tenant; Loki itself never checks a password in ' +
          'either mode.',
        fix: 'Publish the port on loopback only, or put a proxy with a login in front of it.',
      }),
    ]
  }
  return [
    finding(source, 'auth_enabled', {
      code: 'loki-auth-on',
      severity: 'hint',
      what: 'every push and query must name a tenant in the header X-Scope-OrgID, or gets 401 "no org id"',
      why:
        '`auth_enabled` is true unless the file says otherwise. It separates tenants; it checks no ' +
        'password.',
      fix: 'Set `tenant_id` in loki.write and the header in Grafana, or, for one tenant, turn it off.',
      example: 'auth_enabled: false',
    }),
  ]
}

function walRule(source: YamlSource): Finding[] {
  if (at(source, 'ingester.wal.enabled') !== false) return []
  return [
    finding(source, 'ingester.wal.enabled', {
      code: 'loki-wal-off',
      severity: 'warning',
      what: 'a crash loses what was taken in but not yet flushed, up to hours of logs',
      why:
        'Without the write-ahead log lines live only in memory until their chunk is full. (Logboom ' +
        'always writes one.)',
      fix: 'Leave it on.',
      example: 'ingester:\n  wal:\n    enabled: true',
    }),
  ]
}

function schemaRule(source: YamlSource, nowMs: number): Finding[] {
  const configs = at(source, 'schema_config.configs')
  if (!Array.isArray(configs) || configs.length === 0) return []
  const starts = configs.map((one) => Date.parse(String(isRawMap(one) ? one.from : '')))
  if (!starts.every((start) => start > nowMs)) return []
  return [
    finding(source, ['schema_config', 'configs', 0, 'from'], {
      code: 'loki-schema-future',
      severity: 'warning',
      what: 'no schema is in force yet: a real Loki can store nothing until that day',
      why: 'A schema counts for lines from its `from` date on, and all of them lie in the future.',
      fix: 'Let the first schema begin before your first log line.',
      example: 'from: 2024-01-01',
    }),
  ]
}
