import { existsSync } from 'node:fs'
import { chromium, type BrowserContext } from 'playwright-core'
import type { Test } from 'tap'

const executablePath = '/usr/bin/chromium'

/** Why there is no browser to test with; CI must have one. */
export const noBrowser = existsSync(executablePath) || process.env.CI ? false : `no Chromium at ${executablePath}`

/** Starts a headless Chromium with a profile of its own, until the test ends. */
export async function openBrowser (t: Test, options: { width?: number, colorScheme?: 'light' | 'dark' } = {}): Promise<BrowserContext> {
  const { width = 1200, colorScheme = 'light' } = options
  const context = await chromium.launchPersistentContext(t.testdir(), {
    executablePath,
    viewport: { width, height: 1120 },
    colorScheme,
    args: [
      '--headless=new', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
      '--disable-background-networking', '--disable-component-update', '--disable-sync'
    ]
  })
  t.teardown(() => context.close())
  return context
}
