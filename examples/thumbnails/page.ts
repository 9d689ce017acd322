/** The page, without a build step: thumbnails to be made in either way, and how long `/ping` takes meanwhile. */
export const page = /* html */`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Thumbnails</title>
<style>
  :root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
  body { max-width: 40rem; margin: 3rem auto; padding: 0 1rem; }
  button { font: inherit; padding: .5rem 1rem; margin: 0 .5rem .5rem 0; }
  svg { display: block; width: 100%; height: 8rem; border: 1px solid; border-radius: .5rem; }
  polyline { fill: none; stroke: currentColor; stroke-width: 2; vector-effect: non-scaling-stroke; }
  #thumbnails { display: grid; grid-template-columns: repeat(4, 1fr); gap: .5rem; }
  #thumbnails img { width: 100%; border-radius: .25rem; }
</style>
<h1>Thumbnails</h1>
<p>A synchronous function makes each of a picture of 2400 × 1600 pixels: read, decode, scale, encode. The response to the
upload does not wait for it. In a worker thread it blocks nobody. Inline, it blocks every other request.</p>
<p><button data-inline="false">Make 8 thumbnails</button><button data-inline="true">The same inline</button></p>
<p role="status">&nbsp;</p>
<h2>Latency of <code>/ping</code></h2>
<svg viewBox="0 0 100 100" preserveAspectRatio="none" role="img" aria-label="Latency of /ping in the last ten seconds"><polyline /></svg>
<p><output id="ping">Measuring…</output> The line shows ten seconds; its upper edge is 500 ms.</p>
<h2>Made</h2>
<div id="thumbnails"></div>
<script type="module">
  const status = document.querySelector('[role=status]')
  const buttons = document.querySelectorAll('button')
  const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
  let slowest = 0

  async function ping () {
    const started = performance.now()
    await fetch('/ping', { cache: 'no-store' })
    return performance.now() - started
  }

  async function watchPing () {
    const line = document.querySelector('polyline')
    const now = document.querySelector('#ping')
    const pings = []
    while (true) {
      const latency = await ping()
      const at = performance.now()
      slowest = Math.max(slowest, latency)
      pings.push({ latency, at })
      while (at - pings[0].at > 10_000) pings.shift()
      const points = pings.map((ping) => [(ping.at - at) / 100 + 100, 99 - Math.min(ping.latency, 500) / 500 * 98])
      line.setAttribute('points', points.join(' '))
      now.textContent = \`\${latency.toFixed(1)} ms now.\`
      await sleep(100)
    }
  }

  function drawPicture () {
    const canvas = new OffscreenCanvas(2400, 1600)
    const context = canvas.getContext('2d')
    for (let i = 0; i < 400; i++) {
      context.fillStyle = \`hsl(\${Math.random() * 360} 70% 60% / .5)\`
      context.beginPath()
      context.arc(Math.random() * 2400, Math.random() * 1600, 50 + Math.random() * 300, 0, 2 * Math.PI)
      context.fill()
    }
    return canvas.convertToBlob()
  }

  const picture = drawPicture()

  async function upload (inline) {
    const response = await fetch(\`/images?inline=\${inline}\`, { method: 'POST', body: await picture })
    const { id, message } = await response.json()
    if (!response.ok) throw new Error(message)
    return id
  }

  async function show (id) {
    let thumbnail
    while ((thumbnail = (await (await fetch(\`/images/\${id}\`)).json()).thumbnail) === 'waiting') await sleep(50)
    if (thumbnail === 'failed') throw new Error('No thumbnail could be made.')

    const image = new Image()
    image.alt = 'Coloured circles'
    image.src = \`/images/\${id}/thumbnail\`
    document.querySelector('#thumbnails').prepend(image)
  }

  async function make (inline) {
    await picture
    const started = performance.now()
    const seconds = () => ((performance.now() - started) / 1000).toFixed(1)
    slowest = 0

    const ids = []
    for (let i = 0; i < 8; i++) ids.push(await upload(inline))
    const answered = seconds()
    for (const id of ids) await show(id)
    const made = seconds()
    await ping() // by then the one that was under way has come back
    status.textContent = \`\${inline ? 'Inline' : 'In threads'}: 8 responses within \${answered} s, \` +
      \`8 thumbnails made within \${made} s; the slowest ping took \${Math.round(slowest)} ms.\`
  }

  for (const button of buttons) {
    button.addEventListener('click', async () => {
      for (const each of buttons) each.disabled = true
      status.textContent = 'Working…'
      await make(button.dataset.inline === 'true').catch((error) => { status.textContent = error.message })
      for (const each of buttons) each.disabled = false
    })
  }
  watchPing().catch(() => { document.querySelector('#ping').textContent = 'The server is unavailable: reload the page when it is available again.' })
</script>
</html>
`
