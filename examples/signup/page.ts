/** The page, without a build step: a form, and what has arrived since. */
export const page = /* html */`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sign up</title>
<style>
  :root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
  body { max-width: 40rem; margin: 3rem auto; padding: 0 1rem; }
  form { display: grid; gap: .75rem; max-width: 20rem; }
  label { display: grid; gap: .25rem; }
  input, button { font: inherit; padding: .5rem; }
  pre { padding: 1rem; overflow-x: auto; border: 1px solid; border-radius: .5rem; }
</style>
<h1>Sign up</h1>
<p>The answer comes at once. The e-mail, the audit record and the analytics event follow in the background.</p>
<form action="/signup" method="post">
  <label>Name <input name="name" autocomplete="name"></label>
  <label>E-mail <input name="email" type="email" autocomplete="email" required></label>
  <button>Sign up</button>
</form>
<p role="status"></p>
<h2>Mailbox</h2>
<div id="mailbox">Nothing has arrived yet.</div>
<script type="module">
  const form = document.querySelector('form')
  const status = document.querySelector('[role=status]')
  const mailbox = document.querySelector('#mailbox')

  async function showMailbox () {
    const messages = await (await fetch('/mailbox')).json()
    if (messages.length === 0) return
    mailbox.replaceChildren(...messages.map(({ content }) => {
      const message = document.createElement('pre')
      message.textContent = content
      return message
    }))
  }

  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    const started = performance.now()
    const response = await fetch(form.action, {
      method: 'post',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(Object.fromEntries(new FormData(form)))
    })
    const ms = Math.round(performance.now() - started)
    const { message } = await response.json()
    status.textContent = response.ok ? \`Answered \${response.status} within \${ms} ms.\` : message
    setTimeout(showMailbox, 300)
  })
  showMailbox()
</script>
</html>
`
