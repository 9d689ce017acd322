import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { AxeResults } from 'axe-core'
import type { Browser, Locator, Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { noBrowser, openBrowser, openTab } from '../helpers/browser.js'
import { startExample } from '../helpers/example.js'

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** The page of the demo, as `npm start` serves it. */
async function openPage (t: Test, browser: Browser, { width = 1200, colorScheme = 'light' as 'light' | 'dark' } = {}) {
  const auditFile = join(t.testdir(), 'audit.log')
  const { server, origin, output } = await startExample(t, 'signup', { AUDIT_FILE: auditFile })
  const page = await openTab(t, browser, origin, { viewport: { width, height: 1120 }, colorScheme })
  await page.getByText('Sign up, or press a button').waitFor()
  return { page, server, output, auditFile }
}

/** The card of a request, when everything about it has ended: a screen reader has been told. */
async function cardOf (page: Page, url: string): Promise<Locator> {
  await page.getByRole('status').filter({ hasText: `POST ${url}:` }).waitFor()
  return page.locator('.request', { has: page.getByRole('heading', { name: `POST ${url}` }) }).first()
}

const lanesOf = (card: Locator) => card.locator('.lane').allInnerTexts()

async function signUp (page: Page) {
  await page.getByLabel('Name').fill('Ada')
  await page.getByLabel('E-mail').fill('ada@example.com')
  await page.getByRole('button', { name: 'Sign up' }).click()
  return await cardOf(page, '/signup')
}

async function press (page: Page, name: string, url: string) {
  await page.getByRole('button', { name }).click()
  return await cardOf(page, url)
}

/** Where a card or a lane draws something: its custom properties, shares of the track's width. */
async function drawing (element: Locator): Promise<Record<string, number>> {
  const style = await element.getAttribute('style') ?? ''
  return Object.fromEntries([...style.matchAll(/--(\w+): ([\d.e-]+)/g)].map(([, name, share]) => [name, Number(share)]))
}

t.setTimeout(300_000)

t.test('the page of the demo', { skip: noBrowser }, async (t) => {
  const browser = await openBrowser(t)

  t.test('a sign-up shows a lane for each of its tasks, which begin after the reply', async (t) => {
    const { page } = await openPage(t, browser)
    const card = await signUp(page)

    t.match(await card.innerText(), /Answered 201 after [\d.]+ m?s\./)
    t.match(await lanesOf(card), [
      /sendWelcome\s+await\s+started at .*, took .*250 OK/s,
      /audit\s+await\s+started at .*, took .*completed/s,
      /trackEvent\s+await\s+started at .*, took .*204 No Content/s
    ])
    let { reply: end = NaN } = await drawing(card)
    for (const lane of await card.locator('.lane').all()) {
      const { from = NaN, to = NaN } = await drawing(lane)
      t.ok(from >= end && to >= from && to <= 1, `from ${from} to ${to}, after ${end}`)
      end = to
    }
    await page.locator('#mailbox').getByText('Welcome, Ada!').waitFor()
    t.match(await page.getByRole('status').innerText(), 'sendWelcome completed; audit completed; trackEvent completed.')
  })

  t.test('who comes later sees what has happened, and is not told of it again', async (t) => {
    const { page } = await openPage(t, browser)
    const before = await lanesOf(await signUp(page))
    await page.reload()
    await page.getByRole('heading', { name: 'POST /signup' }).waitFor()
    t.same(await lanesOf(page.locator('.request')), before)
    t.equal(await page.getByRole('status').innerText(), '')
  })

  t.test('a task that throws shows its error, and the next one runs', async (t) => {
    const { page, output } = await openPage(t, browser)
    const card = await press(page, 'A task that throws', '/try/throw')

    t.match(await card.innerText(), 'Answered 200')
    t.match(await lanesOf(card), [
      /updateSearchIndex\s+inline\s.*✕ Error: The search index is read-only/s,
      /trackEvent\s+await\s.*204 No Content/s
    ])
    t.match(output(), /"msg":"background task \\"updateSearchIndex\\" failed: The search index is read-only"/)
  })

  t.test('a client that hangs up does not keep its tasks from running', async (t) => {
    const { page, auditFile } = await openPage(t, browser)
    const aborted = page.waitForEvent('requestfailed')
    const card = await press(page, 'A client that hangs up', '/try/slow')

    t.match((await aborted).failure()?.errorText, 'ERR_ABORTED')
    t.match(await card.innerText(), /The client hung up after \d+ ms\. The handler went on, and settled after 1\.\d+ s\./)
    t.match(await lanesOf(card), [/audit\s+await\s.*completed/s, /trackEvent\s+await\s.*204 No Content/s])
    const { reply = NaN, settled = NaN } = await drawing(card)
    const { from = NaN } = await drawing(card.locator('.lane').first())
    t.ok(from >= settled && settled > 2 * reply, 'they run when the handler has settled')
    t.match(await readFile(auditFile, 'utf8'), 'hangs up')
  })

  t.test('Ctrl-C closes the demo while its page is open, and the page says so', async (t) => {
    const { page, server, output } = await openPage(t, browser)
    await page.getByRole('button', { name: 'A task that throws' }).click()
    await cardOf(page, '/try/throw')
    server.kill('SIGINT')
    const [code] = await once(server, 'exit')

    t.equal(code, 0)
    t.notMatch(output(), 'killed by timeout')
    await page.getByRole('status').filter({ hasText: 'The server is gone' }).waitFor()
  })

  t.test('pings are answered while a thread computes, and wait while the main thread does', async (t) => {
    const { page } = await openPage(t, browser)
    const slowest = async (execution: string) => {
      const figure = page.locator(`#slowest-${execution}`)
      await figure.filter({ hasNotText: 'not tried yet' }).waitFor()
      return inMilliseconds(await figure.innerText())
    }

    const inThread = await press(page, 'A CPU-bound task in a thread', '/try/thread')
    t.match(await lanesOf(inThread), [/primes\.countPrimes\s+thread\s/])
    const thread = await slowest('thread')
    const inline = await press(page, 'The same inline', '/try/inline')
    t.match(await lanesOf(inline), [/countPrimesInline\s+inline\s.*348,513/s])
    t.ok(await slowest('inline') > 3 * thread, `${await slowest('inline')} ms inline, ${thread} ms in a thread`)

    // `npm run screenshot` makes the README's picture.
    if (process.env.SCREENSHOT) {
      await press(page, 'A task that throws', '/try/throw')
      await signUp(page)
      await page.screenshot({ path: process.env.SCREENSHOT })
    }
  })

  t.test('everything can be done by keyboard, and shows where the focus is', async (t) => {
    const { page } = await openPage(t, browser)
    const focused = () => page.evaluate(`[
      document.activeElement.innerText || document.activeElement.labels[0].innerText.trim(),
      getComputedStyle(document.activeElement).outlineStyle
    ]`)
    const names = ['Name', 'E-mail', 'Sign up', 'A task that throws', 'A client that hangs up', 'A CPU-bound task in a thread', 'The same inline']
    for (const name of names) {
      await page.keyboard.press('Tab')
      t.same(await focused(), [name, 'solid'])
    }

    for (let i = 0; i < 5; i++) await page.keyboard.press('Shift+Tab')
    await page.keyboard.type('ada@example.com')
    await page.keyboard.press('Enter')
    t.match(await (await cardOf(page, '/signup')).innerText(), 'Answered 201')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Space')
    t.match(await (await cardOf(page, '/try/throw')).innerText(), 'read-only')
  })

  t.test('a phone 360 pixels wide needs no scrolling sideways', async (t) => {
    const { page } = await openPage(t, browser, { width: 360 })
    await signUp(page)
    await press(page, 'A task that throws', '/try/throw')
    await page.locator('#mailbox pre').waitFor()
    t.equal(await page.evaluate('document.documentElement.scrollWidth'), 360)
  })

  for (const colorScheme of ['light', 'dark'] as const) {
    t.test(`nothing is in the way of people with disabilities, with ${colorScheme} colours`, async (t) => {
      const { page } = await openPage(t, browser, { colorScheme })
      await signUp(page)
      await press(page, 'A task that throws', '/try/throw')
      await press(page, 'A client that hangs up', '/try/slow')
      await press(page, 'A CPU-bound task in a thread', '/try/thread')
      await press(page, 'The same inline', '/try/inline')
      await page.locator('#mailbox pre').waitFor()

      const background = await page.evaluate('getComputedStyle(document.body).backgroundColor')
      t.equal(background, colorScheme === 'dark' ? 'rgb(18, 21, 28)' : 'rgb(246, 247, 249)')
      await page.evaluate(axe)
      const { violations, passes } = await page.evaluate('axe.run()') as AxeResults
      t.same(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]), [])
      t.ok(passes.some(({ id }) => id === 'color-contrast'))
    })
  }

  t.test('who wants less motion sees bars move with events alone', async (t) => {
    const { page } = await openPage(t, browser)
    await page.emulateMedia({ reducedMotion: 'reduce' })
    await page.getByRole('button', { name: 'A client that hangs up' }).click()
    const card = page.locator('.request').first()
    await card.getByText('The client hung up').waitFor()
    const moves = () => page.evaluate<number>(`new Promise((resolve) => {
      let moves = 0
      const card = document.querySelector('.request')
      new MutationObserver(() => { moves++ }).observe(card, { attributes: true, attributeFilter: ['style'] })
      setTimeout(() => { resolve(moves) }, 300)
    })`)
    t.equal(await moves(), 0)
    await page.emulateMedia({ reducedMotion: 'no-preference' })
    await cardOf(page, '/try/slow')
    await page.getByRole('button', { name: 'A client that hangs up' }).click()
    await card.getByText('The handler is still at work').waitFor()
    t.ok(await moves() > 3, 'the others see them grow')
  })
})

/** The opposite of what the page writes. */
function inMilliseconds (text: string): number {
  const [number, unit] = text.split(' ')
  return Number(number) * (unit === 's' ? 1_000 : 1)
}
