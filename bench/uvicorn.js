import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)

// Debian's first: its packages are not to be seen by another Python that comes before it in the path.
const pythons = ['/usr/bin/python3', 'python3']

const askVersions = `
import fastapi, importlib.util, platform, uvicorn
extras = [name for name in ("uvloop", "httptools") if importlib.util.find_spec(name)]
print(f"Python {platform.python_version()}, FastAPI {fastapi.__version__}, uvicorn {uvicorn.__version__}", *extras, sep=", ")`

/** A Python that has FastAPI and uvicorn, and what it has; `undefined` where there is none. */
export async function findUvicorn () {
  for (const python of pythons) {
    try {
      const versions = (await run(python, ['-c', askVersions])).stdout.trim()
      return { python, versions, hasExtras: versions.endsWith('uvloop, httptools') }
    } catch {}
  }
}

/** The app in `programs/fastapi_app.py`, served by one process, as a Node.js server is. */
export class Uvicorn {
  #process
  #ended

  static async start (python, options) {
    const server = new Uvicorn(python, options)
    server.port = await server.#listens()
    return server
  }

  constructor (python, options) {
    const folder = fileURLToPath(new URL('programs/', import.meta.url))
    this.#process = spawn(python, ['-m', 'uvicorn', '--app-dir', folder, '--port', '0', '--no-access-log', ...options, 'fastapi_app:app'], {
      env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
      stdio: ['ignore', 'ignore', 'pipe']
    })
    this.#ended = once(this.#process, 'exit')
  }

  async #listens () {
    for await (const line of createInterface(this.#process.stderr)) {
      const port = /running on \S+:(\d+)/.exec(line)?.[1]
      if (port !== undefined) {
        this.#process.stderr.resume()
        return Number(port)
      }
    }
    throw new Error('uvicorn has not started')
  }

  /** Its CPU time, in microseconds, as Linux has it: in hundredths of a second. */
  async ask () {
    const fields = (await readFile(`/proc/${this.#process.pid}/stat`, 'utf8')).split(' ')
    return (Number(fields[13]) + Number(fields[14])) * 1e4
  }

  async stop () {
    this.#process.kill('SIGKILL')
    await this.#ended
  }
}
