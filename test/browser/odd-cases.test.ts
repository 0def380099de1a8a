import { rm } from 'node:fs/promises'
import { type Browser, chromium } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { CHROMIUM, chromiumMissing } from './chromium.ts'
import type { FakeEntry } from './fake-answers.ts'
import { type FakeLoki, startFakeLoki } from './fake-loki.ts'
import { type OpenPage, openPage } from './open-page.ts'
import { buildPage } from './page-files.ts'

const missing = await chromiumMissing()

/** A browser on a busy machine takes its time; nothing here measures it. */
const PATIENCE = { timeout: 120_000 }

function entry(tsMs: number, n: number): FakeEntry {
  return { labels: { service: 'api' }, tsMs, line: `{"msg":"line ${n}","level":"info"}` }
}

describe.skipIf(missing !== undefined)('the page against another Loki', PATIENCE, () => {
  let browser: Browser
  let pageDir = ''
  let fake: FakeLoki | undefined
  let opened: OpenPage | undefined

  beforeAll(async () => {
    pageDir = await buildPage()
    browser = await chromium.launch(CHROMIUM)
  })

  afterAll(async () => {
    await browser?.close()
    if (pageDir !== '') await rm(pageDir, { recursive: true })
  })

  afterEach(async () => {
    await opened?.close()
    await fake?.close()
  })

  test('an empty store is explained, and the first line appears by itself', async () => {
    fake = await startFakeLoki(pageDir, [])
    opened = await openPage(browser, fake.url)
    const { page, problems } = opened
    await page.getByRole('heading', { name: 'No logs yet' }).waitFor()
    fake.push([entry(Date.now(), 1)])
    await page.locator('.row', { hasText: 'line 1' }).waitFor()
    expect(problems).toEqual([])
  })

  test('live shows new and late lines once each, and waits while one reads', async () => {
    const now = Date.now()
    const old = Array.from({ length: 300 }, (_, n) => entry(now - 60_000 + n, n))
    fake = await startFakeLoki(pageDir, old)
    opened = await openPage(browser, `${fake.url}/?live=1`)
    const { page, rows, problems } = opened
    const later = Date.now()
    fake.push([entry(later, 1001), entry(later, 1002)])
    await page.locator('.row', { hasText: 'line 1002' }).waitFor()
    // One second older than what is already shown: a container whose lines arrive late.
    fake.push([entry(later - 1000, 1003)])
    await page.locator('.row', { hasText: 'line 1003' }).waitFor()
    const texts = (await rows.allTextContents()).map((text) => /line (\d+)/.exec(text)?.[1])
    expect(texts.slice(0, 4)).toEqual(['1002', '1001', '1003', '299'])
    await page.locator('.list').evaluate((list: { scrollTop: number }) => {
      list.scrollTop = 2000
    })
    const reading = page.locator('.row', { hasText: 'line 200' })
    await reading.waitFor()
    const before = await reading.boundingBox()
    fake.push([entry(Date.now(), 2001), entry(Date.now(), 2002)])
    const button = page.getByRole('button', { name: '2 new lines' })
    await button.waitFor()
    expect((await reading.boundingBox())?.y).toBe(before?.y)
    await button.click()
    await page.locator('.row', { hasText: 'line 2002' }).waitFor()
    await page.locator('.status-bar', { hasText: '305 lines loaded' }).waitFor()
    expect(problems).toEqual([])
  })

  test('where counting fails the lines are still there, and the page says so', async () => {
    fake = await startFakeLoki(pageDir, [entry(Date.now() - 1000, 1)])
    fake.failWith('query', { status: 500, text: 'no' })
    opened = await openPage(browser, fake.url)
    const { page, rows } = opened
    expect(await rows.count()).toBe(1)
    await page.getByRole('button', { name: 'api', exact: true }).waitFor()
    fake.failWith('query_range', { status: 502, text: 'bad gateway' })
    await page.keyboard.press('r')
    await page.getByRole('alert').filter({ hasText: 'bad gateway' }).waitFor()
  })
})
