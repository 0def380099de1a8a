import { rm } from 'node:fs/promises'
import { type Browser, chromium } from 'playwright-core'
import { afterAll, afterEach, beforeAll } from 'vitest'
import { CHROMIUM } from './chromium.ts'
import type { FakeEntry } from './fake-answers.ts'
import { type PageServer, startPageServer } from './log-server.ts'
import { type OpenPage, openPage } from './open-page.ts'
import { buildPage } from './page-files.ts'

/** The built page, served over a store with lines. */
export interface ShownPage {
  push(entries: readonly FakeEntry[]): Promise<void>
  /** Opens a path of it in a tab, which is closed after the test. */
  open(path?: string, options?: Parameters<typeof openPage>[2]): Promise<OpenPage>
}

/** Builds and serves the page and starts a browser, for the tests of one `describe`. */
export function showPage(entries: readonly FakeEntry[]): ShownPage {
  let server: PageServer
  let browser: Browser
  let pageDir = ''
  let opened: OpenPage | undefined

  beforeAll(async () => {
    pageDir = await buildPage()
    server = await startPageServer(pageDir)
    await server.push(entries)
    browser = await chromium.launch(CHROMIUM)
  })

  afterAll(async () => {
    await browser?.close()
    await server?.close()
    if (pageDir !== '') await rm(pageDir, { recursive: true })
  })

  afterEach(async () => {
    await opened?.close()
    opened = undefined
  })

  return {
    push: (more) => server.push(more),
    async open(path = '', options = undefined) {
      opened = await openPage(browser, `${server.url}${path}`, options)
      return opened
    },
  }
}
