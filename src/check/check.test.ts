import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { checkText } from './check.ts'
import { parseImage, portsOf } from './compose-model.ts'
import { detectKind } from './detect.ts'
import type { Finding, Severity } from './finding.ts'
import { reportText, summary } from './report.ts'

const NOW_MS = Date.parse('2026-06-01T00:00:00Z')

async function check(path: string, text: string): Promise<readonly Finding[]> {
  return (await checkText(path, text, NOW_MS)).findings
}

/** `severity code line:column`, for exact comparison. */
function brief(findings: readonly Finding[]): string[] {
  return findings.map(({ severity, code, line, column }) => `${severity} ${code} ${line}:${column}`)
}

describe('the stacks of deploy/', () => {
  test.each<[string, Severity[]]>([
    ['deploy/lab/docker-compose.yml', []],
    ['deploy/lab/docker-compose.grafana.yml', []],
    ['deploy/lab/loki/loki-config.yaml', ['hint']],
    ['deploy/lab/alloy/config.alloy', []],
    ['deploy/prod/docker-compose.prod.yml', []],
    ['deploy/prod/docker-compose.grafana.yml', []],
    ['deploy/prod/monitoring/loki/loki-config.yml', ['hint']],
    ['deploy/prod/monitoring/alloy/config.alloy', []],
  ])('%s', async (path, allowed) => {
    const text = readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
    const { kind, findings } = await checkText(path, text, Date.now())
    expect(kind).toBeDefined()
    expect(brief(findings.filter(({ severity }) => !allowed.includes(severity)))).toEqual([])
  })
})

const LOKI = `auth_enabled: false
common:
  path_prefix: /loki
  replication_factor: 1
  ring:
    kvstore:
      store: inmemory
schema_config:
  configs:
    - from: 2024-04-01
      store: tsdb
      object_store: filesystem
      schema: v13
      index:
        prefix: index_
        period: 24h
storage_config:
  object_store:
    filesystem:
      dir: /loki/chunks
limits_config:
  retention_period: 72h
  max_query_lookback: 72h
compactor:
  retention_enabled: true
  delete_request_store: filesystem
`
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

const ALLOY = `discovery.docker "c" {
	host = "unix:///var/run/docker.sock"
}
discovery.relabel "c" {
	targets = discovery.docker.c.targets
	rule {
		source_labels = ["__meta_docker_container_name"]
		regex         = "/(.*)"
		target_label  = "service"
	}
}
loki.source.docker "c" {
	host       = "unix:///var/run/docker.sock"
	targets    = discovery.relabel.c.output
	forward_to = [loki.process.c.receiver]
}
loki.process "c" {
	stage.json {
		expressions = { level = "" }
	}
	stage.labels {
		values = { level = "" }
	}
	forward_to = [loki.write.c.receiver]
}
loki.write "c" {
	endpoint {
		url = "http://loki:3100/loki/api/v1/push"
		max_backoff_retries = 0
	}
}
`

describe('alloy', () => {
  test('a good file draws nothing', async () => {
    expect(brief(await check('config.alloy', ALLOY))).toEqual([])
  })

  test.each<[string, [from: string, to: string][], string[]]>([
    ['syntax', [['{\n\thost', '\n\thost']], ['error alloy-syntax 1:22', 'error alloy-syntax 3:1']],
    [
      'no labels',
      [['targets    = discovery.relabel.c.output', 'targets    = discovery.docker.c.targets']],
      ['warning alloy-unconnected 4:1', 'warning alloy-no-labels 12:1'],
    ],
    ['only hidden labels', [['"service"', '"__hidden"']], ['warning alloy-no-labels 12:1']],
    [
      'name without slash',
      [
        ['"/(.*)"\n\t\ttarget_label  = "service"', '"order-api|web"\n\t\taction = "keep"'],
        ['loki.source.docker "c" {', 'loki.source.docker "c" {\n\tlabels = { job = "docker" }'],
      ],
      ['error alloy-name-slash 8:19'],
    ],
    ['name without slash, replaced', [['"/(.*)"', '"(order-api)"']], ['warning alloy-name-slash 8:19']],
    [
      'id as label',
      [['values = { level', 'values = { request_id']],
      ['warning alloy-high-cardinality 22:14'],
    ],
    ['id as target label', [['"service"', '"trace_id"']], ['warning alloy-high-cardinality 9:19']],
    ['wrong address', [['/loki/api/v1/push', '']], ['warning alloy-push-path 28:9']],
    ['few retries', [['\t\tmax_backoff_retries = 0\n', '']], ['hint alloy-retries 27:2']],
    [
      'unknown component',
      [['loki.process "c"', 'loki.proces "c"']],
      ['error alloy-config 15:16', 'error alloy-unknown-component 17:1'],
    ],
    [
      'unsupported component',
      [['loki.process "c"', 'prometheus.scrape "m" { }\nloki.process "c"']],
      ['error alloy-unsupported 17:1'],
    ],
    [
      'wrong argument',
      [['max_backoff_retries = 0', 'max_backoff_retries = "x"']],
      ['error alloy-config 29:25'],
    ],
    ['unused', [['loki.process.c.receiver', 'loki.write.c.receiver']], ['warning alloy-unconnected 17:1']],
  ])('%s', async (_name, changes, expected) => {
    let text = ALLOY
    for (const [from, to] of changes) {
      expect(text).toContain(from)
      text = text.replace(from, to)
    }
    expect(brief(await check('config.alloy', text))).toEqual(expected)
  })

  test.each([
    '/web|/api',
    '(/web)',
    '.*web.*',
    '[/]web',
    '\\\\/web',
    '(?i)/web',
    '/?web',
    '(web|/api)',
    '^/web',
  ])('a regex that may match a name with a slash: %s', async (regex) => {
    expect(brief(await check('config.alloy', ALLOY.replace('/(.*)', regex)))).toEqual([])
  })
})

const COMPOSE = `services:
  loki:
    image: grafana/loki:3.7.1
    restart: unless-stopped
    ports: ["127.0.0.1:3100:3100"]
    volumes:
      - loki-data:/loki
    healthcheck:
      test: [CMD, /usr/bin/loki, -health]
    logging: &logging
      driver: json-file
      options: {max-size: 10m, max-file: "3"}
    deploy: &deploy
      resources: {limits: {memory: 512M}}
  alloy:
    image: grafana/alloy:v1.18.1
    restart: unless-stopped
    volumes:
      - /var/run/docker.sock:/var/run/docker.sock:ro
      - alloy-data:/var/lib/alloy/data
    depends_on:
      loki: {condition: service_healthy}
    logging: *logging
    deploy: *deploy
volumes:
  loki-data:
  alloy-data:
`

describe('compose', () => {
  test('a good file draws nothing', async () => {
    expect(brief(await check('docker-compose.yml', COMPOSE))).toEqual([])
  })

  const test_ = '[CMD, /usr/bin/loki, -health]'
  test.each<[string, [from: string, to: string], string[]]>([
    [
      'wget in Loki',
      [test_, '[CMD, wget, -q, "http://localhost:3100/ready"]'],
      ['error compose-healthcheck-tool 9:7'],
    ],
    [
      'shell in Loki',
      [test_, '"wget -q --spider http://localhost:3100/ready || exit 1"'],
      ['error compose-healthcheck-tool 9:7'],
    ],
    ['-health before 3.7', ['3.7.1', '3.6.2'], ['error compose-healthcheck-flag 9:7']],
    [
      'curl in Alloy',
      ['v1.18.1\n', 'v1.18.1\n    healthcheck: {test: "curl -f http://localhost:12345/-/ready"}\n'],
      ['error compose-healthcheck-tool 17:19'],
    ],
    ['moving tag', [':3.7.1', ':latest'], ['warning compose-image-latest 3:5']],
    ['no tag', [':v1.18.1', ''], ['warning compose-image-latest 16:5']],
    ['open port', ['127.0.0.1:', ''], ['warning compose-port-open 5:13']],
    ['socket for writing', ['docker.sock:ro', 'docker.sock'], ['warning compose-docker-socket 19:9']],
    ['no limits', ['    deploy: *deploy\n', ''], ['hint compose-no-limits 15:3']],
    ['no rotation', ['    logging: *logging\n', ''], ['hint compose-no-log-rotation 15:3']],
    ['no restart', ['    restart: unless-stopped\n    ports', '    ports'], ['hint compose-no-restart 2:3']],
    ['no volume', ['    volumes:\n      - loki-data:/loki\n', ''], ['warning compose-data-in-container 3:5']],
    [
      'no volume for positions',
      ['      - alloy-data:/var/lib/alloy/data\n', ''],
      ['hint compose-data-in-container 16:5'],
    ],
    ['bind mount', ['loki-data:/loki', './data:/loki'], ['hint compose-bind-owner 7:9']],
    [
      'waits without check',
      [`    healthcheck:\n      test: ${test_}\n`, ''],
      ['error compose-wait-without-check 20:7'],
    ],
    ['waits for a check that is off', [test_, '[NONE]'], ['error compose-wait-without-check 22:7']],
    ['waits for nobody', ['loki: {condition', 'lokki: {condition'], ['error compose-undefined 22:7']],
    [
      'waits for what cannot be waited for',
      ['service_healthy', 'service_healty'],
      ['error compose-unknown-condition 22:14'],
    ],
    ['no such volume', ['  alloy-data:\n', ''], ['error compose-undefined 20:9']],
    [
      'no such network',
      ['    depends_on', '    networks: [back]\n    depends_on'],
      ['error compose-undefined 21:5'],
    ],
    [
      'wrong key',
      [
        '    restart: unless-stopped\n    volumes',
        '    restart: unless-stopped\n    enviroment: {}\n    volumes',
      ],
      ['error compose-unknown-key 18:5'],
    ],
    [
      'wrong top key',
      ['volumes:\n  loki-data', 'x-note: 1\nvolume: 1\nvolumes:\n  loki-data'],
      ['error compose-unknown-key 26:1'],
    ],
  ])('%s', async (_name, [from, to], expected) => {
    expect(COMPOSE).toContain(from)
    expect(brief(await check('docker-compose.yml', COMPOSE.replace(from, to)))).toEqual(expected)
  })

  test.each<[string, string, boolean]>([
    ['grafana/loki:3.5.7', 'wget -q http://127.0.0.1:3100/ready', true],
    ['grafana/loki:3.5.8', 'wget -q http://127.0.0.1:3100/ready', false],
    ['grafana/loki:3.5', 'wget -q http://127.0.0.1:3100/ready', false],
    [`grafana/loki:\${TAG}`, 'wget -q http://127.0.0.1:3100/ready', true],
    [`grafana/loki:\${TAG:-3.6.0}`, 'wget -q http://127.0.0.1:3100/ready', false],
    ['docker.io/grafana/alloy:v1.18.1', "bash -c 'exec 3<>/dev/tcp/127.0.0.1/12345'", true],
    ['grafana/grafana:12.0.0', 'wget -q http://127.0.0.1:3000/api/health', true],
    ['prom/prometheus:v3.5.0', 'curl -f http://127.0.0.1:9090/-/ready', false],
    ['node:26-slim', 'curl -f http://127.0.0.1', false],
    ['registry.example.com:5000/own', 'curl -f http://127.0.0.1', true],
  ])('%s runs %s: %j', async (image, command, works) => {
    const text = `services:\n  a:\n    image: ${image}\n    healthcheck:\n      test: ${JSON.stringify(command)}\n`
    const codes = (await check('compose.yaml', text)).map(({ code }) => code)
    expect(codes.includes('compose-healthcheck-tool')).toBe(!works)
  })
})

test.each<[string, string, string | undefined]>([
  ['loki-config.yaml', 'auth_enabled: false', 'loki'],
  ['monitoring/local.yml', 'schema_config: {}', 'loki'],
  ['config.alloy', '', 'alloy'],
  ['agent.river', '', 'alloy'],
  ['config', 'loki.write "x" {', 'alloy'],
  ['docker-compose.prod.yml', '', 'compose'],
  ['stack.yml', 'services:\n  a:\n    image: x', 'compose'],
  ['datasources/loki.yml', 'apiVersion: 1\ndatasources: []', undefined],
  ['readme.md', 'hello', undefined],
])('%s is %s', async (path, text, kind) => {
  expect(detectKind(path, text)).toBe(kind)
})

test('image references', async () => {
  expect(parseImage('registry:5000/a/b')).toMatchObject({ name: 'registry:5000/a/b', tag: undefined })
  expect(parseImage('a/b:1@sha256:00')).toMatchObject({ name: 'a/b', tag: '1', digest: true })
  expect(parseImage(`a:\${T:-2}`)).toMatchObject({ name: 'a', tag: '2', unknown: false })
  expect(parseImage(`a:\${T}`)).toMatchObject({ unknown: true })
})

test.each<[unknown, string, string, string]>([
  ['3100', '', '', '3100'],
  [3100, '', '', '3100'],
  ['80:3100', '', '80', '3100'],
  ['127.0.0.1:80:3100/tcp', '127.0.0.1', '80', '3100'],
  ['127.0.0.1::3100', '127.0.0.1', '', '3100'],
  ['[::1]:80:3100', '[::1]', '80', '3100'],
  [`\${IP:-127.0.0.1}:80:3100`, '127.0.0.1', '80', '3100'],
  [{ target: 3100, published: 80, host_ip: '127.0.0.1' }, '127.0.0.1', '80', '3100'],
])('port %j', (port, address, published, target) => {
  const service = { name: 'a', raw: { ports: [port] }, image: undefined, facts: undefined }
  expect(portsOf(service)).toEqual([{ index: 0, address, published, target }])
})

test('the report shows the place and how to mend it', async () => {
  const text = ALLOY.replace('values = { level', 'values = { request_id')
  expect(reportText('config.alloy', text, await check('config.alloy', text), false)).toBe(
    'config.alloy:22:14: warning: the label request_id makes a stream of its own for every value [alloy-high-cardinality]\n' +
      '  21 |     stage.labels {\n' +
      '  22 |         values = { request_id = "" }\n' +
      '     |                    ^\n' +
      '  why: Streams are meant for a few hundred sources; thousands of tiny ones slow everything down and hit limits.\n' +
      '  fix: Keep it as structured metadata: found as fast, without a stream each.\n' +
      '       stage.structured_metadata {\n' +
      '       \tvalues = { request_id = "" }\n' +
      '       }\n',
  )
  expect(summary(await check('config.alloy', text))).toBe('1 warning')
  expect(summary([])).toBe('nothing to complain about')
})

test('arbitrary text is judged, never thrown at', async () => {
  const paths = fc.constantFrom('loki.yaml', 'config.alloy', 'docker-compose.yml')
  const pieces = fc.constantFrom(
    ...[
      ...LOKI.split('\n'),
      ...ALLOY.split('\n'),
      ...COMPOSE.split('\n'),
      '- 1',
      'services: {a: 1, b: {ports: 1}}',
      ': ',
      '&a *a',
      '? [a]',
      '!!x',
    ],
  )
  const text = fc.oneof(
    fc.string(),
    fc.array(pieces, { maxLength: 12 }).map((lines) => lines.join('\n')),
  )
  await fc.assert(
    fc.asyncProperty(paths, text, async (path, text) => {
      for (const { line, column } of await check(path, text)) {
        expect(line).toBeGreaterThan(0)
        expect(column).toBeGreaterThan(0)
      }
    }),
    { numRuns: 500 },
  )
})
