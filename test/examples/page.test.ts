import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { AxeResults } from 'axe-core'
import type { Browser, BrowserContextOptions, Locator, Page } from 'playwright-core'
import sharp from 'sharp'
import t, { type Test } from 'tap'
import { noBrowser, openBrowser, openTab } from '../helpers/browser.js'
import { startExample } from '../helpers/example.js'

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const urls = ['/signup', '/thread', '/queue', '/parallel', '/throw', '/slow'] // and /inline, which blocks the others

/** The demo, as `npm start` starts it. */
async function startDemo (t: Test) {
  return await startExample(t, 'signup', { AUDIT_FILE: join(t.testdir(), 'audit.log') })
}

/** Opens its page, until it shows what happens on the server. */
async function openPage (t: Test, browser: Browser, origin: string, options: BrowserContextOptions = {}) {
  const page = await openTab(t, browser, origin, { viewport: { width: 1280, height: 900 }, ...options })
  await page.getByText('Connecting…').waitFor({ state: 'detached' })
  return page
}

const sectionOf = (page: Page, url: string) => page.locator(`[data-url="${url}"]`)

/** Presses the button of a section; fills in the form, if it has one. */
async function press (page: Page, url: string): Promise<Locator> {
  const section = sectionOf(page, url)
  if (url === '/signup') {
    await section.getByLabel('Name').fill('Ada')
    await section.getByLabel('E-mail').fill('ada@example.com')
  }
  await section.getByRole('button').click()
  return section
}

/** Waits until the page has announced how the tasks of a section's request have ended. */
async function ended (section: Locator): Promise<Locator> {
  await section.getByRole('status').filter({ hasText: /failed|completed/ }).waitFor()
  return section
}

const answerOf = (section: Locator) => section.getByRole('status').innerText()

/** The lines of code that add tasks, each with what stands beside it. */
const lanesOf = (section: Locator) => section.locator('.task').allInnerTexts()

interface Bar { from: number, to: number }
/** Of a task, one for each attempt; as many as any test looks at, and so of tasks: a test fails where there are fewer. */
type Bars = [Bar, Bar]

/** Where a section draws the response and the attempts at each task, in percent of the timeline's width. */
async function drawingOf (section: Locator): Promise<{ over: number, handler: number, bars: [Bars, Bars, Bars, Bars, Bars] }> {
  return await section.evaluate((element: any) => {
    const percent = (text: string) => Number(text.replace('%', ''))
    const bars = [...element.querySelectorAll('.task')].map((row: any) => [...row.querySelectorAll('.bar')].map(({ style }: any) => {
      return { from: percent(style.left), to: percent(style.left) + percent(style.width) }
    }))
    const { style } = element.querySelector('.listing')
    return { over: percent(style.getPropertyValue('--over')), handler: percent(style.getPropertyValue('--handler')), bars: bars as [Bars, Bars, Bars, Bars, Bars] }
  })
}

t.setTimeout(300_000)

t.test('the page of the demo', { skip: noBrowser }, async (t) => {
  const browser = await openBrowser(t)
  const { origin, output } = await startDemo(t)

  t.test('beside each line that adds a task stands when it ran, after the response', async (t) => {
    const page = await openPage(t, browser, origin)
    const section = await ended(await press(page, '/signup'))

    t.match(await answerOf(section), /^Response 201 after [\d.]+ m?s\. 2 tasks completed after [\d.]+ m?s\.$/)
    t.match(await lanesOf(section), [
      /addTask\(sendWelcome, email, .*await at .*, took .* ✓ 250 OK/s,
      /addTask\(audit, 'signed up', email\).*await at .*, took .* ✓ completed/s
    ])
    t.match(await section.locator('.return').innerText(), /return reply\.code\(201\).*response sent [\d.]+ m?s/s)
    const { over, bars: [[welcome], [audit]] } = await drawingOf(section)
    t.ok(over > 0 && welcome.from >= over && audit.from >= welcome.to - 0.01 && audit.to <= 100)
    await section.getByText('Hello Ada,').waitFor()
    t.same(await section.locator('dd').allInnerTexts(), ['hello@example.com', 'ada@example.com', 'Welcome', 'Hello Ada,\nthis was sent after your browser got its response.'])
  })

  t.test('what the server refuses is shown at the button', async (t) => {
    const page = await openPage(t, browser, origin)
    const section = sectionOf(page, '/signup')
    await section.locator('form').evaluate((form: any) => { form.noValidate = true })
    await section.getByRole('button').click()
    await section.getByText('Response 400 after').waitFor()
    t.match(await answerOf(section), 'body/email must match format "email".')
    t.notMatch(await section.innerText(), 'completed')
  })

  t.test('a task that throws shows its error, and the next one runs', async (t) => {
    const page = await openPage(t, browser, origin)
    const section = await ended(await press(page, '/throw'))

    t.match(await answerOf(section), /^Response 200 .* updateSearchIndex failed\. 1 task completed after/)
    t.match(await lanesOf(section), [/inline at .* ✕ Error: The search index is read-only/s, /await at .* ✓ completed/s])
    t.match(output(), /"msg":"background task \\"updateSearchIndex\\" failed: The search index is read-only"/)
  })

  t.test('a task on the queue shows each of its attempts', async (t) => {
    const page = await openPage(t, browser, origin)
    const section = await ended(await press(page, '/queue'))

    t.match(await lanesOf(section), [/queue attempt 2 at .* ✓ invoice 42 sent/s, /await at .* ✓ completed/s])
    const { bars: [attempts] } = await drawingOf(section)
    t.equal(attempts.length, 2)
    t.ok(attempts[1].from > attempts[0].to)
    t.equal(await section.locator('.bar.retried').count(), 1)
  })

  t.test('the tasks of a parallel group run side by side', async (t) => {
    const page = await openPage(t, browser, origin)
    const section = await ended(await press(page, '/parallel'))

    t.match(await lanesOf(section), [/BackgroundTasks\(\[/, /'sales'/, /'support'/, /'finance'/, /audit/])
    const { bars: [[group], [sales], [support], [finance], [audit]] } = await drawingOf(section)
    for (const { from, to } of [sales, support, finance]) t.ok(from >= group.from && from < finance.to && to <= group.to + 0.01)
    t.ok(audit.from >= group.to - 0.01)
  })

  t.test('a client that hangs up does not keep its task from running', async (t) => {
    const page = await openPage(t, browser, origin)
    const aborted = page.waitForEvent('requestfailed')
    const section = await ended(await press(page, '/slow'))

    t.match((await aborted).failure()?.errorText, 'ERR_ABORTED')
    t.match(await answerOf(section), /^Hung up after \d+ ms\. 1 task completed after 1\.\d+ s\.$/)
    t.match(await section.innerText(), /client left \d+ ms/)
    const { over, handler, bars: [[audit]] } = await drawingOf(section)
    t.ok(audit.from >= over + handler - 0.01 && handler > over, 'it runs when the handler has ended')
  })

  t.test('pings are answered while a thread computes, and wait while the main thread does', async (t) => {
    const page = await openPage(t, browser, origin)
    const slowest = async (execution: string) => {
      const figure = page.locator(`#slowest-${execution}`)
      await figure.filter({ hasText: /\d/ }).waitFor()
      return inMilliseconds(await figure.innerText())
    }

    await ended(await press(page, '/thread')) // the first task starts the thread
    const thread = await ended(await press(page, '/thread'))
    t.match(await lanesOf(thread), [/addTask\(countPrimes, 4_000_000\).*thread at/s])
    const inThread = await slowest('thread')
    const whenSlow = page.evaluate<string>(`new Promise((resolve) => {
      const figure = document.querySelector('#ping-now')
      new MutationObserver(() => {
        if (figure.matches('.slow')) resolve(document.querySelector('[data-url="/inline"] .answer').innerText)
      }).observe(figure, { attributes: true })
    })`)
    const inline = await press(page, '/inline')
    t.notMatch(await whenSlow, 'completed', 'the figure rises while the server is blocked')
    t.match(await lanesOf(await ended(inline)), [/inline at .* ✓ 283,146/s])
    t.ok(await slowest('inline') > 3 * inThread, `${await slowest('inline')} ms inline, ${inThread} ms in a thread`)

    if (process.env.SCREENSHOT) await takePicture(page, process.env.SCREENSHOT)
  })

  t.test('everything can be done by keyboard, and shows where the focus is', async (t) => {
    const page = await openPage(t, browser, origin)
    const focused = () => page.evaluate(`[
      document.activeElement.innerText || document.activeElement.labels[0].innerText.trim(),
      getComputedStyle(document.activeElement).outlineStyle
    ]`)
    const names = [
      'Documentation', 'Concepts', 'Name', 'E-mail', 'Sign up', 'Threads', 'Run in a thread', 'Run inline', 'Queue', 'Place an order',
      'Recipes', 'Notify three teams', 'Errors', 'Add a task that throws', 'Concepts', 'Send, and hang up'
    ]
    for (const name of names) {
      await page.keyboard.press('Tab')
      t.same(await focused(), [name, 'solid'])
      if (name === 'E-mail') {
        await page.keyboard.type('ada@example.com')
        await page.keyboard.press('Enter')
      }
      if (name === 'Add a task that throws') await page.keyboard.press('Space')
    }
    t.match(await answerOf(await ended(sectionOf(page, '/signup'))), 'Response 201')
    t.match(await answerOf(await ended(sectionOf(page, '/throw'))), 'Response 200')
  })

  for (const width of [1280, 390]) {
    for (const colorScheme of ['light', 'dark'] as const) {
      t.test(`at ${width} pixels, with ${colorScheme} colors, nothing overflows, and axe finds nothing`, async (t) => {
        const page = await openPage(t, browser, origin, { viewport: { width, height: 844 }, colorScheme })
        for (const url of urls) await press(page, url)
        for (const url of urls) await ended(sectionOf(page, url))
        await ended(await press(page, '/inline'))
        await page.getByText('Hello Ada,').waitFor()

        t.equal(await page.evaluate('document.documentElement.scrollWidth'), width)
        const background = await page.evaluate('getComputedStyle(document.body).backgroundColor')
        t.equal(background, colorScheme === 'dark' ? 'rgb(18, 21, 28)' : 'rgb(246, 247, 249)')
        await page.evaluate(axe)
        const { violations, passes } = await page.evaluate('axe.run()') as AxeResults
        t.same(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]), [])
        t.ok(passes.some(({ id }) => id === 'color-contrast'))
      })
    }
  }

  t.test('on a phone, the latency, the button, its answer and its lanes are in sight together', async (t) => {
    const page = await openPage(t, browser, origin, { viewport: { width: 390, height: 844 } })
    for (const url of ['/throw', '/thread']) {
      const section = await ended(await press(page, url))
      const parts = [page.locator('#ping-now'), section.getByRole('button'), section.getByRole('status'), section.locator('.facts').last()]
      const boxes = await Promise.all(parts.map((part) => part.boundingBox()))
      for (const box of boxes) t.ok(box!.y >= 0 && box!.y + box!.height <= 844, JSON.stringify(box))
    }
  })

  t.test('bars grow while a request is under way; for who wants less motion, they move with events alone', async (t) => {
    const moves = async (reducedMotion: 'reduce' | 'no-preference') => {
      const page = await openPage(t, browser, origin, { reducedMotion })
      await press(page, '/slow')
      await page.locator('.listing.left').waitFor()
      return await page.evaluate<number>(`new Promise((resolve) => {
        let moves = 0
        new MutationObserver(() => { moves++ }).observe(document.querySelector('.listing.left'), { attributes: true })
        setTimeout(() => { resolve(moves) }, 300)
      })`)
    }
    t.equal(await moves('reduce'), 0)
    t.ok(await moves('no-preference') > 3)
  })

  for (const [example, button, answer] of [
    ['thumbnails', 'Make 8 thumbnails in threads', /^8 responses after .*, 8 thumbnails after/],
    ['metrics', 'Place an order', /^Order 1 is placed\./],
    ['fastify-cli', 'Add a user', /^Response 201\./]
  ] as const) {
    t.test(`the page of the example ${example} looks like the demo, and axe finds nothing`, async (t) => {
      const { origin } = await startExample(t, example)
      const page = await openTab(t, browser, origin, { viewport: { width: 390, height: 844 } })
      await page.getByRole('button', { name: button }).click()
      await page.getByRole('status').filter({ hasText: answer }).waitFor()
      if (example === 'metrics') await page.getByText('background_tasks_total{task="orders.sendReceipt"').waitFor()

      t.equal(await page.evaluate('document.documentElement.scrollWidth'), 390)
      t.equal(await page.evaluate('getComputedStyle(document.body).backgroundColor'), 'rgb(246, 247, 249)')
      await page.evaluate(axe)
      const { violations } = await page.evaluate('axe.run()') as AxeResults
      t.same(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]), [])
    })
  }

  t.test('Ctrl-C closes the demo while its page is open, and the page says so', async (t) => {
    const { origin, server, output } = await startDemo(t)
    const page = await openPage(t, browser, origin)
    await ended(await press(page, '/throw'))
    server.kill('SIGINT')
    const [code] = await once(server, 'exit')

    t.equal(code, 0)
    t.notMatch(output(), 'killed by timeout')
    await page.getByText('The server is unavailable. This page continues when').waitFor()
    await page.locator('#ping-now').filter({ hasText: 'no response' }).waitFor()
  })
})

/** `npm run screenshot` makes the README's picture: the page, down to the thread's lane. */
async function takePicture (page: Page, file: string): Promise<void> {
  await ended(await press(page, '/signup'))
  await page.getByText('Hello Ada,').waitFor()
  await page.mouse.move(0, 0)
  await page.evaluate('document.activeElement.blur(); scrollTo({ top: 0, behavior: "instant" })')
  const { y, height } = (await sectionOf(page, '/thread').boundingBox())!
  const picture = await page.screenshot({ fullPage: true, clip: { x: 0, y: 0, width: 1280, height: y + height + 24 } })
  await sharp(picture).png({ palette: true }).toFile(file)
}

/** The opposite of what the page writes. */
function inMilliseconds (text: string): number {
  const [number, unit] = text.split(' ')
  return Number(number) * (unit === 's' ? 1_000 : 1)
}
