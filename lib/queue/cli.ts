#!/usr/bin/env node
import Fastify from 'fastify'
import { parseArgs } from 'node:util'
import { messageOf } from '../core/message-of.js'
import { createWorker } from './worker.js'

const usage = `Usage: fastify-background-tasks worker --tasks <path> --queue <url> [options]

Takes background tasks off a queue, and runs them.

  --tasks <path>       a task module, a folder of them, or a package; may be given more than once
  --queue <url>        redis://…, rediss://… or postgres://…
  --name <name>        the queue's name (default: background-tasks)
  --concurrency <n>    how many jobs are worked on at once (default: 10)
  --log-level <level>  trace, debug, info, warn, error, fatal or silent (default: info)
  --help               this text

SIGTERM and SIGINT finish what runs; a second SIGINT stops at once.
Exit codes: 0 when it has finished, 1 where it cannot start, 2 for a wrong flag, 130 when it was stopped at once.
`

/** A flag, or what goes with it, is wrong. */
class UsageError extends Error {}

const flags = {
  tasks: { type: 'string', multiple: true },
  queue: { type: 'string' },
  name: { type: 'string' },
  concurrency: { type: 'string' },
  'log-level': { type: 'string' },
  help: { type: 'boolean' }
} as const

const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']

function parse () {
  const { values, positionals } = parseStrictly()
  const { tasks, queue, name, concurrency, 'log-level': level = 'info', help = false } = values
  if (help) return

  const [command, ...rest] = positionals
  if (command !== 'worker' || rest.length > 0) throw new UsageError(`the command must be "worker", but got ${positionals.length === 0 ? 'none' : `"${positionals.join(' ')}"`}`)
  if (tasks === undefined) throw new UsageError('--tasks must name the task modules')
  if (queue === undefined) throw new UsageError('--queue must name the server, as in redis://localhost:6379')
  if (!logLevels.includes(level)) throw new UsageError(`--log-level must be one of ${logLevels.join(', ')}, but got "${level}"`)
  if (concurrency !== undefined && !/^[1-9]\d*$/.test(concurrency)) throw new UsageError(`--concurrency must be a whole number from 1, but got "${concurrency}"`)
  return { tasks, queue: { connection: queue, name }, concurrency: concurrency === undefined ? undefined : Number(concurrency), level }
}

function parseStrictly () {
  try {
    return parseArgs({ options: flags, allowPositionals: true })
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

async function run (): Promise<void> {
  const options = parse()
  if (options === undefined) {
    process.stdout.write(usage)
    return
  }

  const { level, ...workerOptions } = options
  // Fastify's logger is pino, which need not be installed once more.
  const { log } = Fastify({ logger: { level } })
  const starting = createWorker({ ...workerOptions, logger: log })

  let isClosing = false
  const close = (signal: NodeJS.Signals) => {
    if (isClosing) return signal === 'SIGINT' ? process.exit(130) : undefined

    isClosing = true
    log.info({ signal }, 'the worker finishes what it runs')
    starting.then((worker) => worker.close()).then(() => {
      log.info('the worker has finished')
      process.exit(0)
    }, (err: unknown) => {
      log.error({ err }, 'the worker could not finish')
      process.exit(1)
    })
  }
  process.on('SIGTERM', close)
  process.on('SIGINT', close)
  await starting
}

try {
  await run()
} catch (error) {
  const isUsage = error instanceof UsageError || (error as { code?: unknown } | null)?.code === 'FST_BGT_INVALID_OPTION'
  process.stderr.write(isUsage ? `${(error as Error).message}\n\n${usage}` : `${messageOf(error)}\n`)
  process.exitCode = isUsage ? 2 : 1
}
