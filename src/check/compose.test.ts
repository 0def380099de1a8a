import { describe, expect, test } from 'vitest'
import { parseImage, portsOf } from './compose-model.ts'
import { brief, COMPOSE, check } from './testing.ts'

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
