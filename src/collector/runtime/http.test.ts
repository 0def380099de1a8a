import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { silentLogger } from '#base/logger.ts'
import { type Collector, startCollector } from './collector.ts'
import type { ComponentDefinition } from './component.ts'
import { type CollectorHttp, startCollectorHttp } from './http.ts'

let collector: Collector
let http: CollectorHttp

const thing: ComponentDefinition = {
  name: 'test.thing',
  stability: 'generally-available',
  role: 'sink',
  schema: {
    attributes: {
      password: { type: 'secret' },
      headers: { type: { map: 'secret' } },
      sick: { type: 'bool' },
    },
  },
  build(context, args) {
    context.setExports({ n: 1, list: ['a', true, null] })
    if (args.sick) context.reportHealth('unhealthy', 'sick')
    return {
      run: (signal) => new Promise((resolve) => signal.addEventListener('abort', () => resolve())),
      update: () => undefined,
    }
  },
}

async function start(text: string): Promise<void> {
  collector = await startCollector({
    config: { files: [{ name: 'config.alloy', text }] },
    storagePath: '/nonexistent',
    logger: silentLogger,
    registry: new Map([[thing.name, thing]]),
  })
  http = await startCollectorHttp(collector, { listenAddress: '127.0.0.1:0' })
}

afterEach(async () => {
  await http.close()
  await collector.stop(1000)
})

async function get(path: string, headers: Record<string, string> = {}): Promise<string> {
  const response = await fetch(http.url + path, { headers })
  return `${response.status} ${await response.text()}`
}

test('bodies of the status paths', async () => {
  await start('test.thing "a" { }\ntest.thing "b" { sick = true }')
  expect(await get('/-/ready')).toBe('200 Alloy is ready.\n')
  expect(await get('/-/healthy')).toBe('500 unhealthy components: test.thing\n')
  expect(await get('/-/reload')).toBe('200 config reloaded\n')
  expect(await get('/nothing')).toBe('404 404 page not found\n')
  expect(await get('/metrics')).toContain('alloy_config_last_load_successful 1\n')
  await collector.stop(1000)
  expect(await get('/-/ready')).toBe('503 Alloy is not ready.\n')
})

test('a reload that fails', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'logboom-http-'))
  const path = join(folder, 'config.alloy')
  writeFileSync(path, 'test.thing "a" { }\n')
  const registry = new Map([[thing.name, thing]])
  collector = await startCollector({ config: { path }, storagePath: folder, logger: silentLogger, registry })
  http = await startCollectorHttp(collector, { listenAddress: '127.0.0.1:0' })
  writeFileSync(path, 'test.thing "a" {\n x = 1\n}')
  expect(await get('/-/reload')).toBe(`400 ${path}:2:2: unrecognized attribute name "x"\n`)
  rmSync(folder, { recursive: true })
  expect(await get('/-/reload')).toMatch(/^400 -: cannot read the configuration .*config.alloy: ENOENT/)
  const metrics = await get('/metrics')
  expect(metrics).toContain('alloy_config_last_load_successful 0\n')
  expect(metrics).toContain('alloy_config_load_failures_total 2\n')
})

test('a healthy collector', async () => {
  await start('test.thing "a" { }')
  expect(await get('/-/healthy')).toBe('200 All Alloy components are healthy.\n')
})

test('the components API never shows a secret', async () => {
  await start('test.thing "a" {\n password = "hunter2"\n headers = { x = "hunter3" }\n}')
  const listText = await get('/api/v0/web/components')
  expect(listText).not.toContain('hunter')
  const list = JSON.parse(listText.slice(4))
  expect(list).toMatchObject([{ name: 'test.thing', localID: 'test.thing.a', health: { state: 'healthy' } }])
  const text = await get('/api/v0/web/components/test.thing.a')
  expect(JSON.parse(text.slice(4))).toMatchObject({
    arguments: [
      { name: 'password', type: 'attr', value: { type: 'capsule', value: '(secret)' } },
      { name: 'headers', type: 'attr', value: { type: 'capsule', value: '(secret)' } },
    ],
    exports: [
      { name: 'n', type: 'attr', value: { type: 'number', value: 1 } },
      { name: 'list', value: { type: 'array', value: [{ value: 'a' }, { value: true }, { type: 'null' }] } },
    ],
  })
  expect(text).not.toContain('hunter')
})

test('basic authentication of the http block', async () => {
  await start(`http {
    auth {
      basic {
        username = "u"
        password = "p"
      }
      filter {
        paths = ["/metrics"]
      }
    }
  }`)
  expect(await get('/-/ready')).toMatch(/^200/)
  expect(await get('/metrics')).toBe('401 Unauthorized\n')
  const authorization = `Basic ${Buffer.from('u:p').toString('base64')}`
  expect(await get('/metrics', { authorization })).toMatch(/^200/)
})
