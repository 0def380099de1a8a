import { describe, expect, test } from 'vitest'
import { brief, check, LOKI } from './testing.ts'

const AUTH_HINT = 'hint loki-auth-off 1:1'
const STREAM_HINT = 'hint loki-retention-stream-whole 23:3'

describe('loki', () => {
  test('an unknown key does not hide what else is wrong', async () => {
    const text = LOKI.replace('compactor:', 'compacter:')
      .replace('retention_enabled: true', 'retention_enabled: false')
      .replace('period: 24h', 'period: 48h')
    const findings = await check('loki-config.yaml', `${text}foo: 1\n`)
    expect(brief(findings)).toEqual([
      'error loki-schema-period 16:17',
      'error loki-unknown-key 24:1',
      'error loki-unknown-key 27:1',
      'warning loki-retention-off 22:3',
      'hint loki-auth-off 1:1',
    ])
  })

  test('a good file draws a hint at most', async () => {
    expect(brief(await check('loki-config.yaml', LOKI))).toEqual([AUTH_HINT])
  })

  test.each<[string, [from: string, to: string], string]>([
    [
      'retention without a store',
      ['  delete_request_store: filesystem\n', ''],
      'error loki-delete-request-store 25:3',
    ],
    [
      'retention off',
      ['retention_enabled: true\n  delete_request_store: filesystem', 'retention_enabled: false'],
      'warning loki-retention-off 22:3',
    ],
    ['no compactor', [LOKI.slice(LOKI.indexOf('compactor')), ''], 'warning loki-retention-off 22:3'],
    ['compactor left out', ['common:', 'target: read\ncommon:'], 'warning loki-compactor-absent 2:1'],
    [
      'compactor never',
      ['compactor:\n', 'compactor:\n  compaction_interval: 0s\n'],
      'warning loki-compactor-absent 25:3',
    ],
    ['short lookback', ['lookback: 72h', 'lookback: 24h'], 'warning loki-lookback-short 23:3'],
    ['long lookback', ['lookback: 72h', 'lookback: 30d'], 'hint loki-lookback-long 23:3'],
    [
      'short stream retention',
      ['  max_query', '  retention_stream:\n    - {selector: \'{a="b"}\', period: 1h}\n  max_query'],
      'error loki-retention-stream 24:37',
    ],
    [
      'bad stream selector',
      ['  max_query', '  retention_stream:\n    - {selector: \'{a="b"} |= "x"\', period: 24h}\n  max_query'],
      'error loki-config 24:18',
    ],
    [
      'trap',
      ['  object_store:\n    filesystem:\n      dir: /loki', '  filesystem:\n      directory: /loki'],
      'warning loki-filesystem-trap 19:7',
    ],
    ['temporary folder', ['path_prefix: /loki', 'path_prefix: /tmp/loki'], 'warning loki-ephemeral-dir 3:3'],
    ['unknown section', ['compactor:', 'compacter:'], 'error loki-unknown-key 24:1'],
    ['unknown limit', ['max_query_lookback', 'max_query_lookbak'], 'warning loki-ignored-key 23:3'],
    ['old key', ['compactor:\n', 'compactor:\n  shared_store: filesystem\n'], 'warning loki-old-key 25:3'],
    ['wrong schema period', ['period: 24h', 'period: 168h'], 'error loki-schema-period 16:17'],
    ['old schema', ['v13', 'v12'], 'error loki-schema-metadata 10:5'],
    ['future schema', ['2024-04-01', '2036-04-01'], 'warning loki-schema-future 10:7'],
    ['wrong value', ['retention_period: 72h', 'retention_period: 1.5h'], 'error loki-value 22:21'],
    ['no ring', ['  ring:\n    kvstore:\n      store: inmemory\n', ''], 'warning loki-ring 2:1'],
    ['replicas', ['  replication_factor: 1\n', ''], 'warning loki-replication 2:1'],
    [
      'no wal',
      ['compactor:', 'ingester:\n  wal:\n    enabled: false\ncompactor:'],
      'warning loki-wal-off 26:5',
    ],
    ['small limit', ['  max_query', '  max_line_size: 4KB\n  max_query'], 'warning loki-limit-small 23:3'],
    ['variable', ['path_prefix: /loki', `path_prefix: /loki/\${NAME}`], 'hint loki-expand-env 3:3'],
    ['duplicate key', ['common:', 'auth_enabled: true\ncommon:'], 'error yaml-syntax 2:1'],
    ['tab', ['  path_prefix', '\tpath_prefix'], 'error yaml-syntax 3:1'],
  ])('%s', async (_name, [from, to], expected) => {
    expect(LOKI).toContain(from)
    const findings = brief(await check('loki.yaml', LOKI.replace(from, to)))
    const remarks = [AUTH_HINT, STREAM_HINT]
    expect(findings.filter((finding) => !remarks.includes(finding))).toEqual([expected])
  })

  test('retention by stream', async () => {
    const stream = '  retention_stream:\n    - {selector: \'{a="b"}\', period: 48h}\n  max_query'
    const findings = brief(await check('loki.yaml', LOKI.replace('  max_query', stream)))
    expect(findings).toEqual([AUTH_HINT, STREAM_HINT])
  })

  test('no schema at all', async () => {
    const text = LOKI.replace(/schema_config:[\s\S]*?(?=storage_config)/, '')
    expect(brief(await check('loki.yaml', text))).toContain('error loki-schema-missing 1:1')
  })

  test('tenants', async () => {
    expect(brief(await check('loki.yaml', LOKI.replace('auth_enabled: false\n', '')))).toEqual([
      'hint loki-auth-on 1:1',
    ])
  })

  test('names the nearest key', async () => {
    const findings = await check('loki.yaml', LOKI.replace('compactor:', 'compacter:'))
    const finding = findings.find(({ severity }) => severity === 'error')
    expect(finding?.what).toContain('compactor')
  })
})
