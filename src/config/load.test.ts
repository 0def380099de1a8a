import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { defaultConfig } from './default-config.ts'
import { dataDirectory } from './directories.ts'
import { loadLokiConfig } from './load.ts'
import { printConfig } from './print.ts'
import { ConfigError } from './problem.ts'
import { startProblem } from './start-checks.ts'

const SCHEMA = `
schema_config:
  configs:
    - {from: 2024-04-01, store: tsdb, object_store: filesystem, schema: v13, index: {prefix: index_, period: 24h}}
`
const BASE = `common: {path_prefix: /loki}\n${SCHEMA}`

const RETAINED = `${BASE}
compactor:
  retention_enabled: true
  delete_request_store: filesystem
`

/** A typical single binary, with every section that the shipped samples use. */
const TYPICAL = `
auth_enabled: false
server: {http_listen_port: 3100, grpc_listen_port: 9096, log_level: debug, grpc_server_max_concurrent_streams: 1000}
common:
  instance_addr: 127.0.0.1
  path_prefix: /loki
  storage: {filesystem: {chunks_directory: /loki/chunks, rules_directory: /loki/rules}}
  replication_factor: 1
  ring: {kvstore: {store: inmemory}}
${SCHEMA}
limits_config:
  retention_period: 744h
  metric_aggregation_enabled: true
  retention_stream:
    - {selector: '{namespace="dev"}', priority: 1, period: 24h}
compactor: {working_directory: /loki/compactor, retention_enabled: true, delete_request_store: filesystem}
ruler: {alertmanager_url: "http://localhost:9093"}
query_range:
  results_cache: {cache: {embedded_cache: {enabled: true, max_size_mb: 100}}}
frontend: {encoding: protobuf}
pattern_ingester: {enabled: true, metric_aggregation: {loki_address: "localhost:3100"}}
analytics: {reporting_enabled: false}
`

function problemOf(text: string, flags?: Record<string, string>): ConfigError {
  try {
    loadLokiConfig({ text, flags: new Map(Object.entries(flags ?? {})) })
  } catch (error) {
    if (error instanceof ConfigError) return error
    throw error
  }
  throw new Error('the configuration was accepted')
}

describe('a typical file', () => {
  const { config, warnings } = loadLokiConfig({ text: TYPICAL })

  test('gives values in milliseconds and bytes', () => {
    expect(config.limits_config.retention_period).toBe(744 * 3_600_000)
    expect(config.limits_config.max_line_size).toBe(256 * 1024)
    expect(config.limits_config.retention_stream[0]).toEqual({
      selector: '{namespace="dev"}',
      priority: 1,
      period: 86_400_000,
    })
    expect(config.server.http_listen_port).toBe(3100)
    expect(config.compactor.compaction_interval).toBe(600_000)
  })

  test('derives what common implies, and nothing that is set', () => {
    expect(config.compactor.working_directory).toBe('/loki/compactor')
    expect(config.ingester.wal.dir).toBe('/loki/wal')
    expect(config.storage_config.filesystem.directory).toBe('/loki/chunks')
    expect(config.ruler_storage).toMatchObject({ backend: 'local', local: { directory: '/loki/rules' } })
    expect(dataDirectory(config)).toBe('/loki/chunks')
  })

  test('warns of nothing', () => {
    expect(warnings).toEqual([])
  })

  test('is printed in Loki’s own writing, and reads back', () => {
    const printed = parse(printConfig(config)) as Record<string, Record<string, unknown>>
    expect(printed.limits_config.retention_period).toBe('31d')
    expect(printed.limits_config.max_line_size).toBe('256KB')
    expect(printed.compactor.compaction_interval).toBe('10m0s')
    expect(loadLokiConfig({ text: printConfig(config) }).config).toEqual(config)
  })
})

describe('precedence', () => {
  test('flags beat the file, the file beats what is derived', () => {
    const text = `${TYPICAL}\nstorage_config: {filesystem: {directory: /elsewhere}}\n`
    const flags = new Map([
      ['server.http-listen-port', '4000'],
      ['auth.enabled', 'true'],
      ['store.retention', '48h'],
    ])
    const { config } = loadLokiConfig({ text, flags })
    expect(config.server.http_listen_port).toBe(4000)
    expect(config.auth_enabled).toBe(true)
    expect(config.limits_config.retention_period).toBe(48 * 3_600_000)
    expect(dataDirectory(config)).toBe('/elsewhere')
  })

  test('the directory of the newer storage client wins', () => {
    const text = `${TYPICAL}\nstorage_config: {object_store: {filesystem: {dir: /objects}}}\n`
    expect(dataDirectory(loadLokiConfig({ text }).config)).toBe('/objects')
  })
})

describe('strictness', () => {
  const ENV =
    'Use `-config.expand-env=true` flag if you want to expand environment variables in your config file'
  test.each([
    [
      'foo: 1',
      `failed parsing config: config: yaml: construct errors: line 1: field foo not found in type loki.ConfigWrapper. ${ENV}`,
    ],
    [
      'server:\n  http_listen_prt: 1',
      `line 2: field http_listen_prt not found in type server.Config. Did you mean \`http_listen_port\`? ${ENV}`,
    ],
    ['auth_enabled: maybe', 'line 1: cannot construct !!str `maybe` into bool'],
    ['target: a\ntarget: b', 'mapping key "target" already defined at line 1'],
    ['compactor: {compaction_interval: 1d}', 'cannot construct !!str `1d` into time.Duration'],
    ['limits_config: {retention_period: 1.5h}', 'unknown unit "." in duration "1.5h"'],
    ['limits_config: {retention_period: 3600}', 'not a valid duration string: "3600"'],
    ['limits_config: {max_line_size: 1KiB}', 'strconv.UnmarshalText: parsing "1KIB": invalid syntax'],
    ['limits_config: {block_ingestion_until: "1893456000"}', 'failed to parse time: "1893456000"'],
    ['runtime_config: {file: [a]}', 'cannot construct !!seq into string'],
    ['server: {log_level: loud}', 'unrecognized log level "loud"'],
    ['auth_enabled: false\nserver:\n  http_listen_port: *nope', 'yaml: line 3: Unresolved alias'],
    ['common: {persist_tokens: true}', 'if persist_tokens is true, path_prefix MUST be defined'],
    [
      'common: {storage: {s3: {}, gcs: {}}}',
      'too many storage configs provided in the common config, please only define one storage backend',
    ],
  ])('%s', (text, message) => {
    expect(problemOf(text).message).toContain(message)
  })

  test('every problem of the file is told at once, with its place', () => {
    const { problems } = problemOf('foo: 1\nserver:\n  bar: 2\n')
    expect(problems.map(({ path, line, column }) => [path, line, column])).toEqual([
      ['foo', 1, 1],
      ['server.bar', 3, 3],
    ])
  })

  test('what would be refused once these are mended is told, too', () => {
    const { problems, further } = problemOf('foo: 1\nserver:\n  http_listen_prt: many\n')
    expect(problems.map(({ suggestion }) => suggestion)).toEqual([undefined, 'http_listen_port'])
    expect(further.map(({ message, line }) => [message, line])).toEqual([
      ['line 3: cannot construct !!str `many` into int', 3],
    ])
  })

  test('unknown limits and keys of older versions only draw a warning', () => {
    const text = `${BASE}
table_manager: {retention_deletes_enabled: true}
limits_config: {enforce_metric_name: false, retention_perod: 1h}
compactor: {shared_store: filesystem}
`
    const { warnings } = loadLokiConfig({ text })
    expect(warnings.map(({ path, line }) => [path, line])).toEqual([
      ['table_manager', 7],
      ['limits_config.enforce_metric_name', 8],
      ['limits_config.retention_perod', 8],
      ['compactor.shared_store', 9],
    ])
    expect(warnings[2].message).toContain('`retention_period`')
  })
})

describe('start-up checks', () => {
  test.each([
    ['{}', 'must specify at least one schema configuration'],
    [
      `${BASE}\ncompactor: {retention_enabled: true}`,
      'CONFIG ERROR: invalid compactor config: compactor.delete-request-store should be configured when retention is enabled',
    ],
    [
      `${BASE}\nlimits_config: {retention_stream: [{selector: '{a="b"}', period: 1h}]}`,
      'CONFIG ERROR: invalid limits config: retention period must be >= 24h was 1h',
    ],
    [
      SCHEMA,
      'MULTIPLE CONFIG ERRORS FOUND, PLEASE READ CAREFULLY\nCONFIG ERROR: `tsdb` index type is configured',
    ],
    [
      BASE.replace('24h', '12h'),
      'validating period_config: tsdb must always have periodic config for index set to 24h',
    ],
    [BASE.replace('v13', 'v12'), 'CONFIG ERROR: schema v13 is required to store Structured Metadata'],
    [BASE.replace('v13', 'v99'), 'validating period_config: invalid schema version'],
    [BASE.replace('filesystem', 'nope'), 'unrecognized `object_store` type `nope`'],
    [
      `${BASE}\nauth_enabled: false\nno_auth_tenant: ""`,
      'no_auth_tenant cannot be empty when auth_enabled is false',
    ],
    [`${BASE}\ningester: {index_shards: 7}`, 'It must be a power of two, got 7'],
    [
      `${BASE}\ningester: {chunk_encoding: x}`,
      'invalid ingester config: invalid encoding: x, supported: none, gzip',
    ],
    [BASE.replace('v13', 'vx'), 'invalid schema version: strconv.Atoi: parsing "x": invalid syntax'],
    [
      `${BASE}\npattern_ingester: {retain_for: 10m}`,
      'invalid pattern_ingester config: retain-for (10m0s) must be greater than or equal to chunk-duration (1h0m0s)',
    ],
    [
      `${BASE}\nquery_scheduler: {scheduler_ring: {num_tokens: 1}}`,
      'invalid query_scheduler config: Num tokens must not be changed',
    ],
    [
      `${BASE}\nlimits_config: {policy_override_limits: {p: {ingestion_rate_mb: -1}}}`,
      'policy_override_limits["p"]: ingestion_rate_mb must be >= 0',
    ],
    [
      `${BASE}\nlimits_config: {deletion_mode: x}`,
      'unknown deletion mode: must be one of disabled|filter-only',
    ],
  ])('%s', (text, message) => {
    expect(problemOf(text).message).toContain(message)
  })

  test('selectors are judged by the language that is handed in', () => {
    const text = `${BASE}\nlimits_config: {retention_stream: [{selector: '{a=', period: 48h}]}`
    expect(() => loadLokiConfig({ text, checkSelector: () => 'parse error' })).toThrow(
      'invalid limits config: invalid labels matchers: parse error',
    )
  })

  test('settings that cannot take effect are named', () => {
    const text = `${BASE}\nlimits_config: {retention_period: 72h}\nmemberlist: {join_members: [a]}\n`
    const { warnings, notes } = loadLokiConfig({ text })
    expect(notes[0]).toMatchObject({
      message: expect.stringContaining('`memberlist` has no effect'),
      line: 8,
    })
    expect(warnings[0].message).toContain('nothing is removed while `compactor.retention_enabled` is false')
  })

  test('what a single process does not need is noted once for each reason, and nothing else is', () => {
    const { notes, warnings } = loadLokiConfig({ text: TYPICAL })
    const paths = notes.map(({ message }) => message.match(/`[^`]+`/g)?.join(' '))
    expect(paths).toEqual([
      '`server.grpc_listen_port` `server.grpc_server_max_concurrent_streams` `frontend.encoding`',
      '`common.instance_addr` `common.replication_factor` `common.ring.kvstore.store`',
      '`limits_config.metric_aggregation_enabled` `pattern_ingester.metric_aggregation.loki_address`',
      '`compactor.working_directory`',
      '`query_range.results_cache.cache.embedded_cache.enabled`',
      '`analytics.reporting_enabled`',
    ])
    expect(notes[0].line).toBe(3)
    expect(warnings.map(({ path }) => path)).not.toContain('server.grpc_listen_port')
  })

  test('an object store elsewhere is not used, and that is said where it is named', () => {
    const text = `${BASE.replace('filesystem', 's3')}\nstorage_config: {aws: {bucketnames: logs}}`
    const { warnings } = loadLokiConfig({ text })
    expect(warnings).toMatchObject([
      { line: 5, message: '`object_store: s3` is ignored: data is kept on the local file system' },
    ])
  })
})

test.each([
  [
    'a period of an older index',
    BASE.replace('tsdb', 'boltdb-shipper'),
    /unsupported index type boltdb-shipper for .* 2024-04-01/,
  ],
  [
    'a store of delete requests',
    RETAINED.replace('filesystem\n', 'nope\n'),
    /failed to create delete request store/,
  ],
  [
    'its kind',
    `${RETAINED}  delete_request_store_db_type: x\n`,
    /unexpected delete requests store DB type x\. Supported/,
  ],
  ['nothing', RETAINED, undefined],
])('found at start only: %s', (_name, text, problem) => {
  const yaml = `${text}\nlimits_config: {allow_structured_metadata: false}`
  const found = startProblem(loadLokiConfig({ text: yaml }).config)
  if (problem === undefined) expect(found).toBeUndefined()
  else expect(found).toMatch(problem)
})

describe('files', () => {
  test('the first of several that exists is read, its name stands in errors', () => {
    const dir = mkdtempSync(join(tmpdir(), 'logboom-config-'))
    const file = join(dir, 'loki.yaml')
    writeFileSync(file, 'auth_enabled: {')
    expect(() => loadLokiConfig({ file: `${dir}/none.yaml,${file}` })).toThrow(
      `failed parsing config: ${file}`,
    )
    rmSync(dir, { recursive: true })
    expect(() => loadLokiConfig({ file })).toThrow(
      `failed parsing config: ${file} does not exist, set config.file for custom config path`,
    )
  })

  test('the configuration for running without one is complete', () => {
    const config = defaultConfig(new Map([['server.http-listen-port', '0']]))
    expect(config.server.http_listen_address).toBe('127.0.0.1')
    expect(config.server.http_listen_port).toBe(0)
    expect(config.compactor.retention_enabled).toBe(true)
  })

  test('whatever the text, it is either a configuration or a ConfigError', () => {
    const scalar = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null))
    const section = fc.dictionary(
      fc.constantFrom('http_listen_port', 'retention_period', 'file', 'configs', 'ring', 'x'),
      fc.oneof(scalar, fc.array(scalar), fc.dictionary(fc.string(), scalar)),
    )
    const file = fc.dictionary(
      fc.constantFrom('server', 'limits_config', 'schema_config', 'common', 'y'),
      section,
    )
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          file.map((value) => JSON.stringify(value)),
        ),
        (text) => {
          try {
            loadLokiConfig({ text })
          } catch (error) {
            expect(error).toBeInstanceOf(ConfigError)
          }
        },
      ),
      { numRuns: 200 },
    )
  })
})

test('settings that cannot take effect are told, those that are not set are not', () => {
  const text = `${BASE}\nfrontend: {support_parquet_encoding: true}`
  const paths = loadLokiConfig({ text }).warnings.map(({ path }) => path)
  expect(paths).toContain('frontend.support_parquet_encoding')
  expect(paths).not.toContain('querier.per_request_limits_enabled')
})
