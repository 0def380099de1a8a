import type { Browser, BrowserContextOptions, Locator, Page } from 'playwright-core'
import { openTab, type Tab } from './open-tab.ts'

/** A tab with the page of logs. */
export interface OpenPage extends Tab {
  /** The rows in view. */
  readonly rows: Locator
  /** The text of the query editor. */
  query(): Promise<string>
  /** Replaces the query and runs it. */
  run(query: string): Promise<void>
}

/** Opens an address and waits until the first lines (or the message instead of them) are there. */
export async function openPage(
  browser: Browser,
  address: string,
  options: BrowserContextOptions = {},
): Promise<OpenPage> {
  const { page, problems, close } = await openTab(browser, address, options)
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
    close,
  }
}

/** Waits until no run is under way. */
export async function settled(page: Page): Promise<void> {
  await page.locator('.status-bar [role="status"]', { hasNotText: 'Loading' }).waitFor()
  await page.locator('.list-frame[data-stale]').waitFor({ state: 'detached' })
}
