import { existsSync } from 'node:fs'
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core'
import type { Test } from 'tap'

const executablePath = '/usr/bin/chromium'

/** Why there is no browser to test with; CI must have one. */
export const noBrowser = existsSync(executablePath) || process.env.CI ? false : `no Chromium at ${executablePath}`

/** Starts a headless Chromium with a new profile, until the test ends. */
export async function openBrowser (t: Test): Promise<Browser> {
  const browser = await chromium.launch({
    executablePath,
    args: [
      '--headless=new', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
      '--disable-background-networking', '--disable-component-update', '--disable-sync'
    ]
  })
  t.teardown(() => browser.close())
  return browser
}

/** Opens a page that shares nothing with others, until the test ends. The test fails of what the page throws. */
export async function openTab (t: Test, browser: Browser, url: string, options: BrowserContextOptions): Promise<Page> {
  const context = await browser.newContext(options)
  t.teardown(() => context.close())
  const page = await context.newPage()
  page.setDefaultTimeout(120_000) // the machine may be busy
  page.on('pageerror', (error) => { t.fail(`the page threw ${error.stack}`) })
  await page.goto(url)
  return page
}
