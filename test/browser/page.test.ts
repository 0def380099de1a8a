import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { chromiumMissing } from './chromium.ts'
import type { FakeEntry } from './fake-answers.ts'
import { HOSTILE_LINES } from './hostile-lines.ts'
import { type OpenPage, settled } from './open-page.ts'
import { shopLines } from './shop-lines.ts'
import { showPage } from './shown-page.ts'

const missing = await chromiumMissing()

const HOUR = 3_600_000
/** Everything lies in the past, so that the same lines are in the window however long the tests take. */
const END = Date.now() - 60_000
const SHOP = shopLines(END, HOUR, 400)
const SHOP_WINDOW = `from=${END - HOUR}&to=${END}`
const CROWD_MS = END - 3 * HOUR

/** 2,500 lines in three nanoseconds: more than fit on a page share one timestamp. */
const CROWD: readonly FakeEntry[] = Array.from({ length: 2_500 }, (_, n) => ({
  labels: { service: 'crowd' },
  tsMs: CROWD_MS + (n < 600 ? 0 : n < 2_300 ? 1 : 2),
  line: `{"n":${n},"msg":"one of many"}`,
}))

const HOSTILE: readonly FakeEntry[] = HOSTILE_LINES.map((line, n) => ({
  labels: { service: 'hostile' },
  tsMs: END - 1_000 + n,
  line,
}))
interface Laid {
  readonly offsetHeight: number
}
interface Link {
  readonly protocol: string
  readonly rel: string
  readonly target: string
}
interface Control {
  readonly ariaLabel: string | null
  readonly textContent: string | null
  readonly labels?: { readonly length: number }
  readonly outerHTML: string
}

/** A browser on a busy machine takes its time; nothing here measures it. */
const PATIENCE = { timeout: 120_000 }

describe.skipIf(missing !== undefined)('the page', PATIENCE, () => {
  const shown = showPage([...CROWD, ...SHOP, ...HOSTILE])

  /** Opens the page on the shop's hour; nothing may go wrong in it. */
  async function open(
    query = '{service=~"web-gateway|order-api|fulfillment-worker"}',
    more = '',
  ): Promise<OpenPage> {
    return await shown.open(`/?q=${encodeURIComponent(query)}&${SHOP_WINDOW}${more}`)
  }

  test('opens without a query on everything of the last hour, written as LogQL', async () => {
    const opened = await shown.open()
    const { page } = opened
    expect(await opened.query()).toBe('{service=~".+"}')
    await page.getByRole('button', { name: /^order-api, / }).waitFor()
    expect(await opened.rows.count()).toBeGreaterThan(10)
    await page.locator('.histogram-plot canvas').waitFor()
    expect(opened.problems).toEqual([])
  })

  test('a query shows its lines', async () => {
    const { page, rows, run, problems } = await open()
    await run('{service="order-api"} | json | level="error"')
    const texts = await rows.allInnerTexts()
    expect(texts.length).toBeGreaterThan(3)
    for (const text of texts) expect(text).toMatch(/error\s*order-api/)
    expect(new URL(page.url()).searchParams.get('q')).toBe('{service="order-api"} | json | level="error"')
    expect(problems).toEqual([])
  })

  test('an error stands under the query, at its place', async () => {
    const { page, run, problems } = await open()
    await run('{service="order-api"} |= foo')
    const alert = page.getByRole('alert')
    expect(await alert.textContent()).toContain('parse error at line 1, col 26')
    expect(await alert.locator('mark').textContent()).toBe('f')
    await page.locator('.cm-lintRange-error').waitFor()
    await run('{service="order-api"}')
    await alert.waitFor({ state: 'detached' })
    expect(problems).toEqual([])
  })

  test('a click on a field filters by it, through all services', async () => {
    const { page, rows, query, problems } = await open()
    await rows.first().click()
    const leaf = page.locator('.leaf', { hasText: 'request_id' }).first()
    const id = await leaf.locator('.leaf-value').textContent()
    await leaf.hover()
    await leaf.getByRole('button', { name: /^Only request_id=/ }).click()
    await settled(page)
    expect(await query()).toContain(`| json | request_id="${id}"`)
    const texts = await rows.allInnerTexts()
    expect(texts.length).toBeGreaterThan(2)
    for (const text of texts) expect(text).toContain(id)
    for (const service of ['web-gateway', 'order-api']) expect(texts.join()).toContain(service)
    await page.goBack()
    await settled(page)
    expect(await query()).toBe('{service=~"web-gateway|order-api|fulfillment-worker"}')
    expect(problems).toEqual([])
  })

  test('services, levels and field values filter by click', async () => {
    const { page, rows, query } = await open('{service=~".+"}')
    await page.getByRole('button', { name: /^order-api, / }).click()
    await settled(page)
    expect(await query()).toBe('{service="order-api"}')
    await page.locator('.level-chip', { hasText: 'error' }).click()
    await settled(page)
    expect(await query()).toBe('{service="order-api"} | detected_level="error"')
    for (const text of await rows.allInnerTexts()) expect(text).toMatch(/error\s*order-api/)
    await page
      .getByRole('button', { name: /^item$/ })
      .or(page.locator('.field-name', { hasText: 'status' }))
      .first()
      .click()
    await page.getByRole('button', { name: /^Only status 402/ }).click()
    await settled(page)
    expect(await query()).toBe('{service="order-api"} | detected_level="error" | json | status="402"')
    await page.getByLabel('Text to search for').fill('declined')
    await page.keyboard.press('Enter')
    await settled(page)
    expect(await query()).toBe(
      '{service="order-api"} |= "declined" | detected_level="error" | json | status="402"',
    )
    expect(await page.locator('.row mark').first().textContent()).toBe('declined')
  })

  test('dragging over the volume zooms in, a double click zooms out', async () => {
    const { page, problems } = await open()
    const plot = page.locator('.histogram-plot .u-over')
    await plot.waitFor()
    const box = await plot.boundingBox()
    if (box === null) throw new Error('no chart')
    const y = box.y + box.height / 2
    await page.mouse.move(box.x + box.width * 0.25, y)
    await page.mouse.down()
    await page.mouse.move(box.x + box.width * 0.5, y, { steps: 5 })
    await page.mouse.up()
    await page.waitForURL((url) => url.searchParams.get('from') !== String(END - HOUR))
    await settled(page)
    const { searchParams } = new URL(page.url())
    const [from, to] = [Number(searchParams.get('from')), Number(searchParams.get('to'))]
    expect(from - (END - HOUR)).toBeGreaterThan(HOUR * 0.24)
    expect(from - (END - HOUR)).toBeLessThan(HOUR * 0.26)
    expect(to - from).toBeGreaterThan(HOUR * 0.24)
    expect(to - from).toBeLessThan(HOUR * 0.26)
    await page.locator('.histogram:not([data-loading]) .u-over').dblclick()
    await page.waitForURL((url) => url.searchParams.get('from') === String(END - HOUR))
    expect(problems).toEqual([])
  })

  test('scrolling loads every line once, whatever share a nanosecond', async () => {
    const opened = await shown.open(`/?q={service="crowd"}&from=${CROWD_MS - 1000}&to=${CROWD_MS + 1000}`)
    const { page, problems } = opened
    const status = page.locator('.status-bar [role="status"]')
    await page.locator('.row-field').first().waitFor()
    // In the page itself: hundreds of steps, each of which has to be drawn before it can be read.
    const seen = new Set(
      await page.evaluate<string[]>(`(async () => {
        const seen = new Set(), list = document.querySelector('.list')
        for (const end = Date.now() + 90_000; seen.size < ${CROWD.length} && Date.now() < end; ) {
          for (const field of document.querySelectorAll('.row-field')) seen.add(field.innerText)
          list.scrollBy(0, 400)
          await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))
        }
        return [...seen]
      })()`),
    )
    expect(seen.size).toBe(CROWD.length)
    await status.filter({ hasText: '2,500 lines loaded · all of this time range' }).waitFor()
    expect(problems).toEqual([])
  })

  test('downloads every line the query matches', async () => {
    const opened = await shown.open(`/?q={service="crowd"}&from=${CROWD_MS - 1000}&to=${CROWD_MS + 1000}`)
    const { page, problems } = opened
    await page.getByRole('button', { name: 'Download' }).click()
    const [file] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('dialog').getByRole('button', { name: 'Download' }).click(),
    ])
    const text = await readFile(await file.path(), 'utf8')
    const lines = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(new Set(lines.map(({ line }) => JSON.parse(line).n)).size).toBe(CROWD.length)
    expect(lines).toHaveLength(CROWD.length)
    expect(lines[0]).toMatchObject({
      labels: { service: 'crowd' },
      time: `${new Date(CROWD_MS + 2).toISOString().slice(0, -1)}000000Z`,
    })
    expect(problems).toEqual([])
  })

  test('hostile lines are only text', async () => {
    const { page, rows, problems } = await open('{service="hostile"}')
    expect(await rows.count()).toBe(HOSTILE_LINES.length)
    const heights = await rows.evaluateAll((all: Laid[]) => [...new Set(all.map((row) => row.offsetHeight))])
    expect(heights).toEqual([24])
    for (let i = 0; i < HOSTILE_LINES.length; i++) {
      // Opened from the last to the first, so that what is opened does not move what follows.
      const row = rows.nth(HOSTILE_LINES.length - 1 - i)
      await row.scrollIntoViewIfNeeded()
      await row.locator('.row-time').click()
      await page.locator('.details').first().waitFor()
      await row.locator('.row-time').click()
    }
    await page.getByRole('button', { name: 'Wrap' }).click()
    const wild = 'document.querySelectorAll("main img, main script, main iframe, main svg:not(.icon)").length'
    expect(await page.evaluate(wild)).toBe(0)
    expect(await page.evaluate('window.hacked ?? ({}).polluted ?? null')).toBeNull()
    const hrefs = await page
      .locator('main a')
      .evaluateAll((links: Link[]) => links.map((a) => `${a.protocol} ${a.rel} ${a.target}`))
    expect(new Set(hrefs)).toEqual(new Set(['https: noopener noreferrer _blank']))
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true)
    expect(await page.locator('.ansi-fg-1').first().textContent()).toBe('red')
    expect(await page.locator('.control', { hasText: 'RLO' }).count()).toBe(1)
    expect(await page.title()).toBe('Logboom')
    expect(problems).toEqual([])
  })

  test('200 KB on one line are cut in the list and there in full when asked for', async () => {
    const { page, rows } = await open('{service="hostile"} |= "wide"')
    expect((await rows.first().textContent())?.length).toBeLessThan(2_000)
    await rows.first().click()
    expect((await page.locator('.raw pre').textContent())?.length).toBeLessThan(25_000)
    await page.getByRole('button', { name: /Show all 200,009 characters/ }).click()
    expect((await page.locator('.raw pre').textContent())?.length).toBe(200_009)
  })

  test('the keyboard does everything', async () => {
    const { page, problems } = await open()
    const current = page.locator('.row[aria-current]')
    await page.keyboard.press('j')
    await page.keyboard.press('j')
    expect(await page.locator('article:has(.row[aria-current])').getAttribute('aria-posinset')).toBe('2')
    await page.keyboard.press('x')
    await page.locator('.details').waitFor()
    await page.keyboard.press('x')
    await page.locator('.details').waitFor({ state: 'detached' })
    await page.keyboard.press('e')
    expect(await current.textContent()).toContain('error')
    await page.keyboard.press('c')
    const around = page.getByRole('dialog', { name: /^Around this line in/ })
    await around.locator('.row[aria-current]').waitFor()
    await page.waitForFunction('document.querySelectorAll("dialog .row").length > 10')
    await page.keyboard.press('Escape')
    await around.waitFor({ state: 'detached' })
    await page.keyboard.press('?')
    await page.getByRole('dialog', { name: 'Keyboard' }).waitFor()
    await page.keyboard.press('Escape')
    await page.keyboard.press('f')
    expect(await page.evaluate('document.activeElement.getAttribute("aria-label")')).toBe('Find a field')
    await page.keyboard.press('Escape')
    await page.keyboard.press('g')
    await page.getByRole('button', { name: 'Last 15 minutes' }).waitFor()
    await page.keyboard.press('Escape')
    await page.keyboard.press('w')
    expect(page.url()).toContain('wrap=1')
    await page.keyboard.press('/')
    expect(await page.evaluate('document.activeElement.getAttribute("aria-label")')).toBe('LogQL query')
    expect(problems).toEqual([])
  })

  test('completes labels, values and fields', async () => {
    const { page, query } = await open()
    await page.locator('.cm-content').click()
    await page.keyboard.press('ControlOrMeta+a')
    await page.keyboard.type('{serv')
    await page.locator('.cm-tooltip-autocomplete li', { hasText: /^service$/ }).click()
    await page.keyboard.type('="order')
    await page.locator('.cm-tooltip-autocomplete li', { hasText: 'order-api' }).waitFor()
    // The list takes no Enter in its first moments, so that it cannot catch one that was meant to run.
    await page.waitForTimeout(200)
    await page.keyboard.press('Enter')
    expect(await query()).toBe('{service="order-api"}')
    await page.keyboard.press('End')
    await page.keyboard.type(' | json | ord')
    await page.locator('.cm-tooltip-autocomplete li', { hasText: 'order_id' }).waitFor()
  })

  test('the address holds the whole state', async () => {
    const query = '{service="order-api"} | json'
    const more = '&dir=forward&col=order_id&col=item&tz=utc&wrap=1'
    const { page, rows, problems } = await open(query, more)
    expect(await page.locator('.column-head .row-column').allInnerTexts()).toEqual(['order_id', 'item'])
    await page.getByRole('button', { name: 'Oldest first' }).waitFor()
    expect(await page.getByRole('button', { name: 'Wrap' }).getAttribute('aria-pressed')).toBe('true')
    const oldest = SHOP.find((entry) => entry.labels.service === 'order-api')
    expect(await rows.first().textContent()).toContain(
      new Date(oldest?.tsMs ?? 0).toISOString().slice(11, 23),
    )
    await page.getByRole('button', { name: 'Remove the column item' }).click()
    await page.reload()
    await page.locator('.column-head').waitFor()
    expect(await page.locator('.column-head .row-column').allInnerTexts()).toEqual(['order_id'])
    expect(problems).toEqual([])
  })

  test('every control has a name', async () => {
    const { page, rows } = await open()
    await rows.first().click()
    await page.keyboard.press('g')
    const nameless = await page
      .locator('button, input, select, textarea, a')
      .evaluateAll((all: Control[]) =>
        all
          .filter((e) => !(e.ariaLabel || e.textContent?.trim() || e.labels?.length))
          .map((e) => e.outerHTML),
      )
    expect(nameless).toEqual([])
  })
})
