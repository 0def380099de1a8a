import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { silentLogger } from '#base/logger.ts'
import { type Collector, startCollector } from '#collector/runtime/collector.ts'
import { type CollectorHttp, startCollectorHttp } from '#collector/runtime/http.ts'
import { type FakeLoki, startFakeLoki } from '#collector/testing/fake-loki.ts'
import { freePort } from '../crash/server-process.ts'
import { CHROMIUM, chromiumMissing } from './chromium.ts'
import { HOSTILE_LINES } from './hostile-lines.ts'
import { openTab, type Tab } from './open-tab.ts'
import { buildPage } from './page-files.ts'

const missing = await chromiumMissing()

/** A browser on a busy machine takes its time; nothing here measures it. */
const PATIENCE = { timeout: 120_000 }

const config = (port: number, pushUrl: string): string => `
livedebugging { enabled = true }
loki.source.api "in" {
	http {
		listen_address = "127.0.0.1"
		listen_port    = ${port}
	}
	forward_to = [loki.process.p.receiver]
}
loki.process "p" {
	forward_to = [loki.write.w.receiver]
	stage.drop {
		expression          = "debug"
		drop_counter_reason = "too chatty"
	}
	stage.replace {
		expression = "(apple)"
		replace    = "pear"
	}
}
loki.write "w" {
	endpoint {
		url        = "${pushUrl.replace('://', '://user:hunter1@')}"
		batch_wait = "100ms"
		headers    = { "X-Key" = "hunter2" }
		basic_auth {
			username = "u"
			password = "hunter3"
		}
	}
}
`

describe.skipIf(missing !== undefined)('the page of the collector', PATIENCE, () => {
  const dir = mkdtempSync(join(tmpdir(), 'logboom-collector-page-'))
  let browser: Browser
  let pageDir = ''
  let loki: FakeLoki
  let collector: Collector
  let http: CollectorHttp
  let port = 0
  let tab: Tab | undefined

  beforeAll(async () => {
    pageDir = await buildPage()
    browser = await chromium.launch(CHROMIUM)
    loki = await startFakeLoki()
    port = await freePort()
    const files = [{ name: 'config.alloy', text: config(port, loki.url) }]
    collector = await startCollector({ config: { files }, storagePath: dir, logger: silentLogger })
    http = await startCollectorHttp(collector, { listenAddress: '127.0.0.1:0', pageDir })
  })

  afterAll(async () => {
    await browser?.close()
    await http?.close()
    await collector?.stop(1000)
    await loki?.stop()
    for (const folder of [dir, pageDir]) if (folder !== '') rmSync(folder, { recursive: true, force: true })
  })

  afterEach(async () => {
    await tab?.close()
    tab = undefined
  })

  async function open(path = '/', width = 1280): Promise<Page> {
    tab = await openTab(browser, http.url + path, { viewport: { width, height: 800 } })
    await tab.page.locator('.graph-node, .component-detail').first().waitFor()
    return tab.page
  }

  async function push(lines: readonly string[]): Promise<void> {
    const values = lines.map((line) => [`${Date.now()}000000`, line])
    const response = await fetch(`http://127.0.0.1:${port}/loki/api/v1/push`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ streams: [{ stream: { app: '<b>x</b>' }, values }] }),
    })
    expect(response.status).toBe(204)
  }

  test('components, their health, what flows and what was dropped', async () => {
    const page = await open()
    expect(await page.locator('.graph-node').allInnerTexts()).toEqual([
      expect.stringMatching(/loki\.source\.api\s+in/),
      expect.stringMatching(/loki\.process\s+p/),
      expect.stringMatching(/loki\.write\s+w/),
    ])
    expect(await page.locator('.graph-edges path[data-kind="lines"]').count()).toBe(2)
    await page.getByText('all healthy').waitFor()
    await push(['one', 'debug two', 'three'])
    const row = page.getByRole('row', { name: /loki\.process\.p/ })
    await row.filter({ hasText: '1 too chatty' }).waitFor()
    await row.filter({ hasText: /[\d.]+ lines\/s/ }).waitFor()
    expect(tab?.problems).toEqual([])
  })

  test('a component opens with arguments and exports, and no secret reaches the page', async () => {
    const page = await open()
    await page.locator('.graph-node', { hasText: 'loki.write' }).click()
    const detail = page.getByRole('complementary', { name: 'Component loki.write.w' })
    await detail.locator('.statements', { hasText: 'password = (secret)' }).waitFor()
    await detail.locator('.statements', { hasText: 'receiver = ' }).waitFor()
    expect(page.url()).toContain('component=loki.write.w')
    expect(await page.content()).not.toContain('hunter')
    await page.goBack()
    await detail.waitFor({ state: 'detached' })
    expect(tab?.problems).toEqual([])
  })

  test('live debugging shows lines as they are, and ends when it is stopped or left', async () => {
    const page = await open('/?component=loki.process.p')
    await page.getByRole('button', { name: 'Watch the lines' }).click()
    await page.getByText('Waiting for lines').waitFor()
    await push(['an apple'])
    await page.locator('.debug-line', { hasText: 'an apple' }).filter({ hasText: /^in/ }).waitFor()
    await page.locator('.debug-line', { hasText: 'an pear' }).filter({ hasText: /^out/ }).waitFor()
    await push(HOSTILE_LINES)
    await page.locator('.debug-line', { hasText: 'characters in all' }).first().waitFor()
    const wild = 'document.querySelectorAll("main img, main script, main iframe, main b b").length'
    expect(await page.evaluate(wild)).toBe(0)
    expect(await page.evaluate('window.hacked ?? ({}).polluted ?? null')).toBeNull()
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true)
    await page.getByRole('button', { name: 'Stop' }).click()
    await page.getByRole('button', { name: 'Clear' }).click()
    await push(['another apple'])
    await page
      .getByRole('row', { name: /loki\.process\.p/ })
      .filter({ hasText: /lines\/s/ })
      .waitFor()
    expect(await page.locator('.debug-line').count()).toBe(0)
    expect(tab?.problems).toEqual([])
  })

  test('a narrow screen has everything within its width', async () => {
    for (const path of ['/', '/?component=loki.write.w']) {
      const page = await open(path, 390)
      await page.locator('.graph-node:visible, .statements').first().waitFor()
      expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true)
      expect(tab?.problems).toEqual([])
      await tab?.close()
    }
  })

  test('a component that is not there, and files beside the page', async () => {
    const page = await open('/?component=loki.nothing.x')
    await page.getByText('The collector has no component of this name').waitFor()
    await page.getByRole('button', { name: 'Close the component' }).click()
    await page.locator('.component-detail').waitFor({ state: 'detached' })
    for (const path of ['/assets/../../package.json', '/assets/%2e%2e/index.html', '/index.html', '/x.js'])
      expect((await fetch(http.url + path)).status, path).toBe(404)
    const { headers } = await fetch(http.url)
    expect(headers.get('content-security-policy')).toContain("script-src 'self';")
    expect(headers.get('x-content-type-options')).toBe('nosniff')
  })
})
