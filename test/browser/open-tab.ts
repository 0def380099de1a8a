import type { Browser, BrowserContextOptions, Page } from 'playwright-core'

/** A tab with a page, and what went wrong in it. */
export interface Tab {
  readonly page: Page
  /** Errors, policy violations, dialogs and requests to elsewhere; a good page leaves it empty. */
  readonly problems: string[]
  close(): Promise<void>
}

/** Opens an address in a browser of its own. */
export async function openTab(
  browser: Browser,
  address: string,
  options: BrowserContextOptions = {},
): Promise<Tab> {
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
    // A refused request is reported by the browser too; the tests look at what the page says about it.
    const refused = /(?:status of|response code:) 4\d\d/.test(message.text())
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
  return { page, problems, close: () => context.close() }
}
