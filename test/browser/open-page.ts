import type { Browser, BrowserContextOptions, Locator, Page } from 'playwright-core'

/** A tab with the page, and what went wrong in it. */
export interface OpenPage {
  readonly page: Page
  /** Errors, policy violations, dialogs and requests to elsewhere; a good page leaves it empty. */
  readonly problems: string[]
  /** The rows in view. */
  readonly rows: Locator
  /** The text of the query editor. */
  query(): Promise<string>
  /** Replaces the query and runs it. */
  run(query: string): Promise<void>
  close(): Promise<void>
}

/** Opens an address and waits until the first lines (or the message instead of them) are there. */
export async function openPage(
  browser: Browser,
  address: string,
  options: BrowserContextOptions = {},
): Promise<OpenPage> {
  const context = await browser.newContext({
    viewport: { width: 1440, height: 900 },
    timezoneId: 'UTC',
    ...options,
  })
  const page = await context.newPage()
  const problems: string[] = []
  const { origin } = new URL(address)
  page.on('pageerror', (error) => problems.push(`error: ${error.stack ?? error.message}`))
  page.on('console', (message) => {
    // A refused query is reported by the browser too; the tests look at what the page says about it.
    const refused = /status of 4\d\d/.test(message.text())
    if (message.type() === 'error' && !refused) problems.push(`console: ${message.text()}`)
  })
  page.on('dialog', (dialog) => {
    problems.push(`dialog: ${dialog.message()}`)
    void dialog.dismiss()
  })
  page.on('request', (request) => {
    const url = request.url()
    if (!url.startsWith(origin) && !url.startsWith('blob:')) problems.push(`request: ${url}`)
  })
  await page.goto(address)
  await page.locator('.row, .empty').first().waitFor()
  const editor = page.locator('.cm-content')
  await editor.waitFor()
  return {
    page,
    problems,
    rows: page.locator('.list-inner .row'),
    query: async () => ((await editor.textContent()) ?? '').trim(),
    async run(query) {
      await editor.click()
      await page.keyboard.press('ControlOrMeta+a')
      await page.keyboard.insertText(query)
      await page.keyboard.press('ControlOrMeta+Enter')
      await settled(page)
    },
    close: () => context.close(),
  }
}

/** Waits until no run is under way. */
export async function settled(page: Page): Promise<void> {
  await page.locator('.status-bar [role="status"]', { hasNotText: 'Loading' }).waitFor()
  await page.locator('.list-frame[data-stale]').waitFor({ state: 'detached' })
}
