#!/usr/bin/env node
import Fastify, { type FastifyInstance } from 'fastify'
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { messageOf } from './core/errors.js'
import { loadOptional } from './core/option-rules.js'
import { JobLister } from './queue/job-list.js'
import { resolveQueueOptions, type QueueOptions } from './queue/queue-options.js'
import { createWorker } from './worker.js'

const usage = `Usage: fastify-background-tasks <command> [options]

Commands:
  worker               runs background tasks from a queue; needs --tasks
  jobs                 shows how many jobs there are, and the latest failures
  retry <id|all>       retries a failed job, or all of them

Options:
  --tasks <path>       a task module, a folder of them, or a package; can be given more than once
  --queue <url>        redis://…, rediss://… or postgres://… (default: the environment variable QUEUE_URL)
  --name <name>        the queue's name (default: background-tasks)
  --concurrency <n>    how many jobs the worker runs concurrently (default: 10)
  --port <n>           serves /health, and /metrics if prom-client is installed
  --no-migrate         does not create or update the tables on PostgreSQL
  --log-level <level>  trace, debug, info, warn, error, fatal or silent (default: info)
  --version            shows the version
  -h, --help           shows this text

SIGTERM and SIGINT finish the running jobs; a second SIGINT stops the worker immediately.
Exit codes: 0 finished, 1 could not start, 2 wrong usage, 130 stopped by a second SIGINT.
`

/** The command line is wrong. */
class UsageError extends Error {}

const flags = {
  tasks: { type: 'string', multiple: true },
  queue: { type: 'string' },
  name: { type: 'string' },
  concurrency: { type: 'string' },
  port: { type: 'string' },
  migrate: { type: 'boolean', default: true },
  'log-level': { type: 'string', default: 'info' },
  version: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' }
} as const

const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']

function parse () {
  try {
    return parseArgs({ options: flags, allowPositionals: true, allowNegative: true })
  } catch (error) {
    throw new UsageError(messageOf(error))
  }
}

type Values = ReturnType<typeof parse>['values']

/** @throws `UsageError` if it is not in the range */
function wholeNumber (flag: string, text: string | undefined, least: number, most: number): number | undefined {
  if (text === undefined) return
  if (!/^\d{1,9}$/.test(text) || Number(text) < least || Number(text) > most) throw new UsageError(`--${flag} must be a whole number from ${least}${most < Infinity ? ` to ${most}` : ''}, but got "${text}"`)
  return Number(text)
}

function queueOf ({ queue = process.env.QUEUE_URL, name, migrate }: Values): QueueOptions {
  if (queue === undefined || queue === '') throw new UsageError('--queue, or the environment variable QUEUE_URL, must name the server, as in redis://localhost:6379')
  const isPostgres = /^postgres(ql)?:/.test(queue)
  return { connection: isPostgres && migrate === false ? { connectionString: queue, migrate: false } : queue, name }
}

async function run (): Promise<void> {
  const { values, positionals } = parse()
  if (values.help === true) return print(usage)
  if (values.version === true) return print(`${JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version}\n`)

  const [command, ...rest] = positionals
  if (command === 'worker' && rest.length === 0) return await work(values)
  if (command === 'jobs' && rest.length === 0) return await showJobs(values)
  if (command === 'retry' && rest.length === 1) return await retry(values, rest[0] as string)
  if (command === 'retry') throw new UsageError('"retry" takes the id of a failed job, or "all"')
  throw new UsageError(`the command must be "worker", "jobs" or "retry", but got ${positionals.length === 0 ? 'none' : `"${positionals.join(' ')}"`}`)
}

async function work (values: Values): Promise<void> {
  const { tasks, 'log-level': level } = values
  const concurrency = wholeNumber('concurrency', values.concurrency, 1, Infinity)
  const port = wholeNumber('port', values.port, 0, 65_535)
  if (tasks === undefined) throw new UsageError('--tasks must name the task modules')
  if (!logLevels.includes(level)) throw new UsageError(`--log-level must be one of ${logLevels.join(', ')}, but got "${level}"`)

  const queue = queueOf(values)
  // Fastify's logger is pino, which need not be installed once more.
  const app = Fastify({ logger: { level } })
  const { log } = app
  const metrics = port === undefined ? undefined : await serveMetrics(app)
  const starting = createWorker({ tasks, queue, concurrency, logger: log, completedLevel: 'info', metrics })

  let isClosing = false
  const close = (signal: NodeJS.Signals): void => {
    if (isClosing) return signal === 'SIGINT' ? process.exit(130) : undefined

    isClosing = true
    log.info({ signal }, 'shutting down: finishing the running jobs')
    starting.then(async (worker) => {
      await worker.close()
      await app.close()
      log.info('worker stopped')
      process.exit(0)
    }).catch((err: unknown) => {
      log.error({ err }, `the worker could not shut down: ${messageOf(err)}`)
      process.exit(1)
    })
  }
  process.on('SIGTERM', close)
  process.on('SIGINT', close)
  await starting
  if (port === undefined) return

  app.get('/health', { logLevel: 'silent' }, async () => ({ status: isClosing ? 'closing' : 'ok' }))
  await app.listen({ port, host: '0.0.0.0' })
}

async function serveMetrics (app: FastifyInstance): Promise<{ register: import('prom-client').Registry } | undefined> {
  const promClient = await loadOptional<typeof import('prom-client')>('--port', 'prom-client').catch(() => undefined)
  if (promClient === undefined) return

  const register = new promClient.Registry()
  promClient.collectDefaultMetrics({ register })
  app.get('/metrics', { logLevel: 'silent' }, async (_request, reply) => {
    reply.type(register.contentType)
    return await register.metrics()
  })
  return { register }
}

async function showJobs (values: Values): Promise<void> {
  const lister = await JobLister.load(resolveQueueOptions(queueOf(values)))
  const { failures, ...counts } = await lister.jobs()
  print(`${Object.entries(counts).map(([state, count]) => `${state} ${count}`).join(', ')}\n`)
  for (const { id, name, reason, failedAt } of failures) print(`${failedAt.toISOString()} ${id} ${name}: ${reason}\n`)
}

async function retry (values: Values, which: string): Promise<void> {
  const lister = await JobLister.load(resolveQueueOptions(queueOf(values)))
  const count = await lister.retry(which === 'all' ? which : { id: which })
  if (count === 0 && which !== 'all') throw new Error(`there is no failed job ${which}`)
  print(`${count} ${count === 1 ? 'job' : 'jobs'} retried\n`)
}

function print (text: string): void {
  process.stdout.write(text)
}

try {
  await run()
} catch (error) {
  const isUsage = error instanceof UsageError || (error as { code?: unknown } | null)?.code === 'FST_BGT_INVALID_OPTION'
  process.stderr.write(`${messageOf(error)}\n${isUsage ? 'See --help.\n' : ''}`)
  process.exitCode = isUsage ? 2 : 1
}
