import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { decode, encode } from 'fast-png'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { startExample } from '../helpers/example.js'

/** The demo, as `npm run start:thumbnails` starts it. */
async function start (t: Test) {
  const folder = t.testdir()
  return { folder, ...await startExample(t, 'thumbnails', { IMAGES: folder }) }
}

/** A picture whose left half is black and whose right half is white. */
function drawPicture (width: number, height: number): Uint8Array {
  const data = new Uint8Array(width * height).map((_, i) => i % width < width / 2 ? 0 : 255)
  return encode({ width, height, channels: 1, data })
}

const upload = (url: string, body: Uint8Array, headers = {}) => fetch(url, {
  method: 'POST',
  headers: { 'content-type': 'image/png', ...headers },
  body
})

/** Uploads a picture, and gives the URL of its thumbnail. */
async function accepted (t: Test, origin: string | undefined, query: string, picture: Uint8Array): Promise<string> {
  const response = await upload(`${origin}/images?${query}`, picture)
  t.equal(response.status, 202)
  return `${origin}${(await response.json() as { thumbnail: string }).thumbnail}`
}

/** The response to a request for a thumbnail that has come to its end, well or not. */
async function ended (thumbnail: string, whileItIsMade = async () => { await sleep(20) }): Promise<Response> {
  for (;;) {
    const response = await fetch(thumbnail)
    if (response.status !== 404) return response
    await whileItIsMade()
  }
}

t.test('the demo makes thumbnails of the width that was asked for', async (t) => {
  const { origin } = await start(t)
  t.match(await (await fetch(`${origin}/`)).text(), 'Make 8 thumbnails')

  for (const inline of [false, true]) {
    const response = await ended(await accepted(t, origin, `width=40&inline=${inline}`, drawPicture(400, 200)))
    t.equal(response.headers.get('content-type'), 'image/png')
    const { width, height, data } = decode(await response.arrayBuffer())
    t.same({ width, height }, { width: 40, height: 20 })
    t.same(data, decode(drawPicture(40, 20)).data)
  }

  const response = await ended(await accepted(t, origin, '', drawPicture(100, 50)))
  t.equal(decode(await response.arrayBuffer()).width, 100, 'never larger than the picture')
})

t.test('the demo answers while a thread makes a thumbnail, and does not while it makes the same inline', async (t) => {
  const { origin, output } = await start(t)
  const picture = drawPicture(4000, 3000)

  /** How many pings are answered one after the other before the thumbnail is there. */
  async function pings (query: string): Promise<number> {
    let count = 0
    const response = await ended(await accepted(t, origin, query, picture), async () => {
      if (await (await fetch(`${origin}/ping`)).text() === 'pong') count++
    })
    t.equal(response.status, 200)
    return count
  }

  // By then a thread has started, and has nothing to do but the work.
  await ended(await accepted(t, origin, '', drawPicture(20, 20)))

  const inThread = await pings('')
  t.notMatch(output(), 'held the event loop')
  const inline = await pings('inline=true')
  t.match(output(), 'held the event loop')
  t.ok(inThread > 10, `${inThread} pings were answered while the thread was at work`)
  t.ok(inline < 5, `${inline} pings were answered before the work began`)
})

t.test('the demo refuses bad input', async (t) => {
  const { origin } = await start(t)
  const picture = drawPicture(20, 20)
  const huge = Buffer.from(picture)
  huge.writeUInt32BE(2_000_000, 16)

  for (const query of ['width=0', 'width=2000', 'width=wide', 'inline=perhaps']) {
    t.equal((await upload(`${origin}/images?${query}`, picture)).status, 400, query)
  }
  t.equal((await upload(`${origin}/images`, Buffer.from('a picture'))).status, 400)
  t.equal((await upload(`${origin}/images`, Buffer.of())).status, 400)
  t.equal((await upload(`${origin}/images`, huge)).status, 413, 'a picture of too many pixels')
  t.equal((await upload(`${origin}/images`, new Uint8Array(17 * 2 ** 20))).status, 413, 'a file of too many bytes')
  t.equal((await upload(`${origin}/images`, picture, { 'content-type': 'application/json' })).status, 415)
  t.equal((await fetch(`${origin}/images`, { method: 'POST' })).status, 400)
  t.equal((await fetch(`${origin}/images/1/thumbnail`)).status, 400)
  t.equal((await fetch(`${origin}/images/${crypto.randomUUID()}/thumbnail`)).status, 404)
})

t.test('the demo says so where no thumbnail can be made of a picture', async (t) => {
  const { origin, output } = await start(t)
  const broken = drawPicture(20, 20).subarray(0, 50)

  for (const inline of [false, true]) {
    t.equal((await ended(await accepted(t, origin, `inline=${inline}`, broken))).status, 422)
  }
  t.match(output(), '"images.renderThumbnail"')
  t.equal((await ended(await accepted(t, origin, '', drawPicture(20, 20)))).status, 200, 'the next one comes out')
})

t.test('Ctrl-C finishes the thumbnails that are being made', async (t) => {
  const { server, folder, origin, output } = await start(t)
  const picture = drawPicture(1000, 1000)

  const responses = await Promise.all(Array.from({ length: 4 }, async () => {
    return await (await upload(`${origin}/images?width=50`, picture, { connection: 'close' })).json() as { id: string }
  }))
  server.kill('SIGINT')
  const [code] = await once(server, 'exit')

  t.equal(code, 0)
  for (const { id } of responses) t.equal(decode(await readFile(`${folder}/${id}.thumbnail.png`)).width, 50)
  t.notMatch(output(), 'background task failed')
})
