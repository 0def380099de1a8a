import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { chromiumMissing } from './chromium.ts'
import type { FakeEntry } from './fake-answers.ts'
import { showPage } from './shown-page.ts'

const missing = await chromiumMissing()

/** A browser on a busy machine takes its time; nothing here measures it. */
const PATIENCE = { timeout: 120_000 }

const HOUR = 3_600_000
const NOW = Date.now()

function entry(tsMs: number, n: number): FakeEntry {
  return { labels: { service: 'api' }, tsMs, line: `{"msg":"line ${n}","level":"info","n":${n}}` }
}

describe.skipIf(missing !== undefined)('what surrounds the logs', PATIENCE, () => {
  const shown = showPage(Array.from({ length: 30 }, (_, n) => entry(NOW - 60_000 + n, n)))

  const fits = (page: Page) => page.evaluate('document.documentElement.scrollWidth <= innerWidth')

  test('live comes over the WebSocket, with late lines, and begins again after a break', async () => {
    const opened = await shown.open(`/?q=${encodeURIComponent('{service="api"} | json')}`)
    const { page, problems } = opened
    const sockets: string[] = []
    page.on('websocket', (socket) => sockets.push(new URL(socket.url()).pathname))
    const polls: string[] = []
    await page.keyboard.press('l')
    await page.locator('.status-bar', { hasText: /· live$|live(?!,)/ }).waitFor()
    await expect.poll(() => sockets).toEqual(['/loki/api/v1/tail'])
    page.on('request', (request) => {
      const { pathname, searchParams } = new URL(request.url())
      if (pathname.endsWith('/query_range') && !searchParams.get('query')?.startsWith('sum'))
        polls.push(pathname)
    })
    await shown.push([entry(Date.now(), 101)])
    await page.locator('.row', { hasText: 'line 101' }).waitFor()
    await shown.push([entry(Date.now() - 4_000, 102)])
    await page.locator('.row', { hasText: 'line 102' }).waitFor()
    expect(await page.locator('.row', { hasText: 'line 101' }).count()).toBe(1)
    expect(polls).toEqual([])
    await page.locator('.row', { hasText: 'line 102' }).click()
    await page.locator('.details').waitFor()
    expect(problems).toEqual([])
  })

  test('a range that ends before it begins is said to be one, and is mended by a click', async () => {
    const opened = await shown.open(`/?q={service="api"}&from=${NOW}&to=${NOW - HOUR}`)
    const { page, problems } = opened
    await page.getByRole('heading', { name: 'The time range ends before it begins' }).waitFor()
    await page.getByRole('button', { name: 'Swap its ends' }).click()
    await page.locator('.row').first().waitFor()
    expect(problems).toEqual([])
  })

  test('a count that is exact is not called about', async () => {
    const opened = await shown.open(`/?q={service="api"}&from=${NOW - HOUR}&to=${NOW - 1}`)
    const { page } = opened
    await page.locator('.histogram-legend', { hasText: /(?<!about )30 lines/ }).waitFor()
  })

  test('a narrow screen has everything within its width', async () => {
    const viewport = { width: 390, height: 800 }
    const opened = await shown.open('', { viewport })
    const { page, problems } = opened
    await page.locator('.histogram-plot canvas').waitFor()
    for (const name of ['Live', 'Run', 'Copy link', 'Keyboard shortcuts']) {
      const box = await page.getByRole('button', { name, exact: true }).boundingBox()
      expect((box?.x ?? 999) + (box?.width ?? 0), name).toBeLessThanOrEqual(390)
    }
    await page.keyboard.press('g')
    const panel = await page.locator('.time-panel').boundingBox()
    expect(panel?.x).toBeGreaterThanOrEqual(0)
    expect((panel?.x ?? 0) + (panel?.width ?? 0)).toBeLessThanOrEqual(390)
    expect(await fits(page)).toBe(true)
    expect(problems).toEqual([])
  })

  test('alerts and the collector are views of their own, and the query is kept', async () => {
    const opened = await shown.open(`/?q={service="api"}&from=now-2h&to=now`)
    const { page, problems, query } = opened
    await page.getByRole('link', { name: 'Alerts' }).click()
    await page.getByRole('heading', { name: 'No alert rules' }).waitFor()
    await page.getByRole('link', { name: 'Collector' }).click()
    await page.getByRole('heading', { name: 'No collector in this server' }).waitFor()
    expect(page.url()).toContain('view=collector')
    await page.goBack()
    await page.getByRole('heading', { name: 'No alert rules' }).waitFor()
    await page.getByRole('link', { name: 'Logs' }).click()
    await page.locator('.row').first().waitFor()
    expect(await query()).toBe('{service="api"}')
    expect(problems).toEqual([])
  })
})
