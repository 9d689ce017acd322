import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { decode, encode } from 'fast-png'
import t, { type Test } from 'tap'
import { Client } from '../helpers/client.js'
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

/** Uploads a picture, and gives its URL when its thumbnail has been made, or cannot be. */
async function make (url: string, picture: Uint8Array, meanwhile: () => Promise<unknown> = () => sleep(20)) {
  const { headers } = await upload(url, picture)
  const image = new URL(headers.get('location') ?? '', url).href

  for (;;) {
    const { thumbnail } = await (await fetch(image)).json() as { thumbnail: string }
    if (thumbnail !== 'waiting') return { image, thumbnail }
    await meanwhile()
  }
}

t.test('the demo makes thumbnails of the width that was asked for', async (t) => {
  const { origin } = await start(t)
  t.match(await (await fetch(`${origin}/`)).text(), 'Make 8 thumbnails')

  for (const inline of [false, true]) {
    const { image, thumbnail } = await make(`${origin}/images?width=40&inline=${inline}`, drawPicture(400, 200))
    t.equal(thumbnail, 'made')
    const response = await fetch(`${image}/thumbnail`)
    t.equal(response.headers.get('content-type'), 'image/png')
    const { width, height, data } = decode(await response.arrayBuffer())
    t.same({ width, height }, { width: 40, height: 20 })
    t.same(data, decode(drawPicture(40, 20)).data)
  }

  const { image } = await make(`${origin}/images`, drawPicture(100, 50))
  const response = await fetch(`${image}/thumbnail`)
  t.equal(decode(await response.arrayBuffer()).width, 100, 'never larger than the picture')
})

t.test('the demo answers while a thread makes a thumbnail, and does not while it makes the same inline', async (t) => {
  const { origin, output } = await start(t)
  const picture = drawPicture(4000, 3000)

  /** How many pings are answered, one after the other, before the thumbnail is there. */
  async function countPings (url: string): Promise<number> {
    let pings = 0
    const { thumbnail } = await make(url, picture, async () => {
      if (await (await fetch(`${origin}/ping`)).text() === 'pong') pings++
    })
    t.equal(thumbnail, 'made')
    return pings
  }

  // From then on a thread is there, so that it is the work which takes its time.
  await make(`${origin}/images`, drawPicture(20, 20))

  const inThread = await countPings(`${origin}/images`)
  t.notMatch(output(), 'blocked the event loop')
  const inline = await countPings(`${origin}/images?inline=true`)
  t.match(output(), 'blocked the event loop')
  t.ok(inThread > 10, `${inThread} pings were answered while the thread was at work`)
  t.ok(inline < 5, `${inline} pings were answered before the inline work began`)
})

t.test('the demo refuses bad input', async (t) => {
  const { origin } = await start(t)
  const picture = drawPicture(20, 20)
  const huge = Buffer.from(picture)
  huge.writeUInt32BE(2_000_000, 16)

  for (const query of ['width=0', 'width=2000', 'width=wide', 'inline=perhaps']) {
    t.equal((await upload(`${origin}/images?${query}`, picture)).status, 400, query)
  }
  t.equal((await upload(`${origin}/images`, Buffer.from('no picture, but long enough for one'))).status, 400)
  t.equal((await upload(`${origin}/images`, Buffer.of())).status, 400)
  t.equal((await fetch(`${origin}/images`, { method: 'POST' })).status, 400)
  t.equal((await upload(`${origin}/images`, huge)).status, 413, 'a picture of too many pixels')
  const client = await Client.connect(Number(new URL(origin).port))
  client.send('POST', '/images', { 'content-type': 'image/png', 'content-length': 17 * 2 ** 20 })
  await client.until('413 Payload Too Large')
  t.equal((await upload(`${origin}/images`, picture, { 'content-type': 'application/json' })).status, 415)
  t.equal((await fetch(`${origin}/images/1`)).status, 404)
  t.equal((await fetch(`${origin}/images/..%2Fserver/thumbnail`)).status, 404)
})

t.test('the demo tells where no thumbnail can be made of a picture', async (t) => {
  const { origin, output } = await start(t)
  const broken = drawPicture(20, 20).subarray(0, 50)

  for (const inline of [false, true]) {
    const { image, thumbnail } = await make(`${origin}/images?inline=${inline}`, broken)
    t.equal(thumbnail, 'failed')
    t.equal((await fetch(`${image}/thumbnail`)).status, 404)
  }
  t.match(output(), '"images.renderThumbnail"')
  t.equal((await make(`${origin}/images`, drawPicture(20, 20))).thumbnail, 'made', 'that of the next one can')
})

t.test('Ctrl-C finishes the thumbnails that are being made', async (t) => {
  const { server, folder, origin, output } = await start(t)
  const picture = drawPicture(1000, 1000)

  const ids = await Promise.all(Array.from({ length: 4 }, async () => {
    const response = await upload(`${origin}/images?width=50`, picture, { connection: 'close' })
    return (await response.json() as { id: string }).id
  }))
  server.kill('SIGINT')
  const [code] = await once(server, 'exit')

  t.equal(code, 0)
  for (const id of ids) t.equal(decode(await readFile(`${folder}/${id}.thumbnail.png`)).width, 50)
  t.notMatch(output(), /background task "[^"]+" failed/)
})
