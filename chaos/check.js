// The checker: reads the history, and says what contradicts the promises.
import { closeSync, openSync, readSync } from 'node:fs'
import { bounds, kinds } from './kinds.js'

/** For how long a fault's consequences may show after it has ended, in milliseconds: connections and locks are found lost later. */
const aftermath = 5_000

/** Reads what has been appended since the last time. */
export class HistoryFile {
  #file
  #position = 0
  #rest = ''

  constructor (path) {
    this.#file = openSync(path, 'r')
  }

  read () {
    const buffer = Buffer.alloc(4 << 20)
    const events = []
    for (let length; (length = readSync(this.#file, buffer, 0, buffer.length, this.#position)) > 0;) {
      this.#position += length
      const lines = (this.#rest + buffer.toString('latin1', 0, length)).split('\n')
      this.#rest = lines.pop()
      for (const line of lines) events.push(JSON.parse(line))
    }
    return events
  }

  close () {
    closeSync(this.#file)
  }
}

/** What the history says so far. */
export class History {
  events = []
  tasks = new Map()
  violations = []
  #names = new Map() // of tasks, by id
  #requests = new Map()
  #processes = new Map()
  #faults = []
  #running = new Map()
  #groups = new Map() // reports of groups that failed
  #failedRequests = new Set()
  #failedGroups = new Set()

  add (events) {
    for (const event of events) {
      event.n = this.events.push(event) - 1
      this[event.event]?.(event)
    }
  }

  #violate (rule, what, tasks, from, to) {
    this.violations.push({ rule, what, tasks, from, to })
  }

  #task (t, kind) {
    if (!this.tasks.has(t)) this.tasks.set(t, { t, kind, begins: [], ends: [], reports: [], logs: [] })
    return this.tasks.get(t)
  }

  #request (r) {
    if (!this.#requests.has(r)) this.#requests.set(r, {})
    return this.#requests.get(r)
  }

  /** A process's totals of what the history says it did. */
  #process (pid) {
    if (!this.#processes.has(pid)) this.#processes.set(pid, { completed: 0, stored: 0, failed: 0, ofJobs: { completed: 0, failed: 0 }, watched: 0, reports: 0 })
    return this.#processes.get(pid)
  }

  added (event) {
    const task = Object.assign(this.#task(event.t), event, { added: event.n })
    this.#request(event.r).first ??= event.n
    if (event.id !== undefined) this.#names.set(event.id, event.t)
    task.isQueued = kinds[task.kind].place === 'module' && this.#process(event.pid).config?.queue !== undefined
  }

  begin (event) {
    const task = this.#task(event.t, event.kind)
    task.begins.push(event)
    if (event.id !== undefined) {
      if (this.#names.get(event.id) !== undefined && this.#names.get(event.id) !== event.t) this.#violate('an id is that of one task', event.t, [event.t])
      this.#names.set(event.id, event.t)
    }
    const { closed, isResourceClosed } = this.#process(event.pid)
    if (closed !== undefined || isResourceClosed) this.#violate('nothing begins after the close', event.t, [event.t])
    this.#count(event, 1)
  }

  end (event) {
    this.#task(event.t).ends.push(event)
    if (event.ok && event.kind === 'waitUntil') this.#process(event.pid).watched++
    this.#count(event, -1)
  }

  /** How many run at once: in the process, in its threads, of one function, of one group. */
  #count ({ t, kind, pid, thread, attempt }, change) {
    if (kind === 'waitUntil' || kinds[kind].hasNoEnd) return
    if (change < 0) thread = this.#task(t).begins.findLast((begin) => begin.pid === pid && begin.attempt === attempt)?.thread
    const { program, config } = this.#process(pid)
    const task = this.#task(t)
    const limits = [
      ['attempts in an API', `${pid}`, program === 'api' ? bounds.running : Infinity],
      ['jobs in a worker', `${pid} jobs`, program === 'worker' ? bounds.jobs : Infinity],
      ['threads', `${pid} threads`, thread > 0 ? bounds.threads : Infinity],
      [`attempts of ${kind}`, `${pid} ${kind}`, kinds[kind].most ?? Infinity],
      ['tasks of a group', `${pid} ${task.c}`, task.group?.concurrency ?? Infinity]
    ]
    for (const [what, key, most] of limits) {
      if (most === Infinity) continue
      const count = (this.#running.get(key) ?? 0) + change
      this.#running.set(key, count)
      if (count > most) this.#violate('never more at once than the bounds allow', `${count} ${what}, of at most ${most}, with ${JSON.stringify(config)}`, [t])
    }
  }

  report (event) {
    this.#process(event.pid).reports++
    if (event.group !== undefined) this.#groups.set(event.group, event)
    if (event.t !== undefined) this.#task(event.t).reports.push(event)
    this.#failedRequests.add(Number.parseInt(event.t ?? event.group))
    this.#failedGroups.add(this.tasks.get(event.t)?.c)
  }

  log (event) {
    const { what, id, job, pid } = event
    const sums = this.#process(pid)
    if (what !== 'retried') {
      if (job === undefined || sums.program === 'worker') sums[what]++
      else sums.ofJobs[what]++
    }
    const t = this.#names.get(id)
    if (t === undefined) (this.unnamed ??= []).push(event) // it may begin in a later line
    else this.#task(t).logs.push(event)
  }

  over ({ r, n }) { this.#request(r).over = n }
  unavailable ({ r }) { this.#request(r).isRefused = true }
  handled ({ r, n }) { this.#request(r).handled = n }
  response ({ r, status }) { this.#request(r).promised = status }
  discarded ({ r, n }) { this.#request(r).discarded = n }

  start ({ of, program, config }) { Object.assign(this.#process(of), { program, config }) }
  exit ({ of, code, signal, isWanted }) {
    Object.assign(this.#process(of), { exit: signal ?? code, isGone: true })
    if (!isWanted) this.#violate('no process ends by itself', `${of}: ${signal ?? code}`, [])
    else if (signal === null && code !== 0) this.#violate('a process that was told to close exits with 0', `${of}: ${code}`, [])
  }

  'end of process' ({ of, signal }) { this.#process(of).toldTo = signal }
  stuck ({ of, n }) { this.#violate('a process that was told to close does so', of, [], n - 200, n) }
  'resource-closed' ({ pid }) { this.#process(pid).isResourceClosed = true }

  fault (event) {
    this.#faults.push({ ...event, from: event.n, until: Infinity })
  }

  healed ({ fault, at }) {
    this.#faults.find((one) => one.fault === fault && one.until === Infinity).until = at
  }

  closed ({ pid, name, counts, metrics, n }) {
    const sums = this.#process(pid)
    sums.closed = n
    sums.atClose = { name, counts, metrics }
  }

  left ({ pid, handles, threads, n }) {
    if (handles.length > 0 || threads > 0) this.#violate('no handle and no thread is left', `${this.#process(pid).program} ${pid}: ${handles}, ${threads} threads`, [], n - 5, n)
  }

  /** Whether it was promised that the task ends or is reported. */
  #isPromised (task) {
    if (task.added === undefined) return false // its process died before it could say so
    const request = this.#requests.get(task.r)
    const { isGone, exit, config } = this.#process(task.pid)
    const isBefore = config.queue?.enqueue === 'beforeResponse'
    if (isBefore && request.isRefused && task.isOutside === undefined && task.isLate === undefined) return false
    const wasKilled = isGone ? exit !== 0 : false
    if (!wasKilled) return true
    if (!task.isQueued || config.queue.connection === 'memory:') return false
    return task.logs.some(({ what }) => what === 'stored') ||
      (isBefore && request.promised < 500 && task.group === undefined && task.isLate === undefined && task.isOutside === undefined && task.mode !== 'run')
  }

  #hasEnded (task) {
    const { onError, ends, reports, logs, begins, kind, group, c } = task
    if (ends.some(({ ok }) => ok) || reports.length > 0 || logs.some(({ what, job }) => what === 'failed' || (what === 'completed' && job === undefined))) return true
    if (this.#request(task.r).discarded !== undefined && !task.isOutside) return true
    // A group is one task: what fails in it, its own report says.
    const report = this.#groups.get(c)
    if (report?.code === 'FST_BGT_UNFINISHED') return true
    if (report !== undefined && begins.length > 0 && (kinds[kind].hasNoEnd || ends.some(({ attempt }) => attempt >= (kinds[kind].attempts ?? 1)))) return true
    return (onError === 'stop' && !task.isOutside && this.#failedRequests.has(task.r)) || (group?.onError === 'stop' && (report !== undefined || this.#failedGroups.has(c)))
  }

  /** The tasks that are promised to end, and have not. */
  get outstanding () {
    return [...this.tasks.values()].filter((task) => this.#isPromised(task) && !this.#hasEnded(task))
  }

  /** Whether a fault of the server, or of a process that had to do with the task, explains what happened to it. */
  #explains (task, from, to) {
    const pids = new Set([task.pid, ...task.begins.map(({ pid }) => pid)])
    const [first, last] = [this.events[from].at, this.events[to].at]
    return this.#faults.some((fault) => (fault.target === 'server' || pids.has(fault.of)) && fault.at <= last && fault.until + aftermath >= first)
  }

  /** There has been time enough: what has not ended is lost. */
  miss () {
    for (const task of this.outstanding) this.#violate('nothing accepted is lost', `${task.t} (${task.kind}, ${task.isQueued ? 'queue' : 'process'})`, [task.t])
  }

  /** What can be told at the end alone. */
  finish () {
    for (const event of this.unnamed ?? []) {
      const t = this.#names.get(event.id)
      if (t !== undefined) this.#task(t).logs.push(event)
    }
    this.unnamed = []
    for (const task of this.tasks.values()) this.#checkTask(task)
    for (const tasks of this.#collections.values()) this.#checkOrder(tasks)
    for (const process of this.#processes.values()) this.#checkCounts(process)
  }

  again = { explained: 0 }

  #checkTask (task) {
    const { t, kind, begins, ends, reports } = task
    const { fails, attempts = 1 } = kinds[kind]
    const isInProcess = !task.isQueued || this.#process(task.pid).config.queue.connection === 'memory:' // where nothing is left of a process that dies
    const byAttempt = Map.groupBy?.(begins, ({ attempt }) => attempt) ?? groupBy(begins)
    for (const [attempt, [first, second]] of byAttempt) {
      if (attempt > attempts) this.#violate('a task has no more attempts than it needs', `${t} (${kind}): attempt ${attempt}`, [t])
      if (second === undefined) continue
      if (isInProcess || !this.#explains(task, Math.min(task.added ?? first.n, first.n), second.n)) this.#violate('a task runs once, unless a fault explains more', `${t} (${kind}, attempt ${attempt})`, [t])
      else this.again.explained++
    }
    if (reports.length > 1 && (isInProcess || !this.#explains(task, task.added ?? reports[0].n, reports[1].n))) this.#violate('a failure is reported once', `${t} (${kind})`, [t])
    for (const { code, n, pid } of reports) {
      const isExpected = code === fails || (fails !== undefined && kind === 'waitUntil')
      const isGivenUp = (code === 'FST_BGT_UNFINISHED' && this.#process(pid).toldTo !== undefined) || (code === 'FST_BGT_WORKER' && !isInProcess && this.#explains(task, task.added ?? n, n))
      if (!isExpected && !isGivenUp && !(kind === 'waitUntil' && task.fails)) this.#violate('a task fails if its function does', `${t} (${kind}): ${code}`, [t])
    }
    if (ends.some(({ ok }) => ok) && reports.length > 0 && reports.some(({ code }) => code !== 'FST_BGT_UNFINISHED') && isInProcess) this.#violate('what has completed is not reported as failed', t, [t])
    this.#checkStart(task)
    if (!task.isQueued) this.#checkLogs(task)
  }

  /** No task begins before its response is over; none that was discarded or refused begins at all. */
  #checkStart (task) {
    const { t, r, mode, isOutside, kind, pid } = task
    const [begin] = task.begins
    if (begin === undefined || task.added === undefined || isOutside || mode === 'run' || kind === 'waitUntil') return
    const { over, discarded, isRefused } = this.#request(r)
    const { config } = this.#process(pid)
    const isBefore = config.queue?.enqueue === 'beforeResponse'
    if (!(task.isQueued && isBefore) && (over === undefined || begin.n < over) && !this.#process(pid).toldTo) this.#violate('no task begins before the response is over', `${t} (${kind})`, [t])
    if (discarded !== undefined && begin.n > discarded && !task.isLate && !(task.isQueued && isBefore)) this.#violate('what was discarded does not begin', `${t} (${kind})`, [t])
    if (isRefused && !task.isLate && !(task.isQueued && this.#explains(task, task.added, begin.n))) this.#violate('no task of a request that was answered with 503 begins', `${t} (${kind})`, [t])
  }

  /** A task in the process has one line of its outcome in the log. */
  #checkLogs ({ t, kind, logs, ends, pid, group }) {
    if (group !== undefined || kind === 'waitUntil' || this.#process(pid).exit !== 0) return
    const lines = logs.filter(({ what }) => what !== 'retried')
    if (lines.length > 1 || (lines.length === 0 && ends.some(({ ok }) => ok))) this.#violate('the log has one line of each outcome', `${t} (${kind}): ${lines.map(({ what }) => what)}`, [t])
  }

  get #collections () {
    const collections = new Map()
    for (const task of this.tasks.values()) {
      if (task.added === undefined || task.kind === 'waitUntil' || task.isLate || task.isOutside || task.group?.concurrency > 1) continue
      const key = `${task.c} ${task.isQueued}`
      if (!collections.has(key)) collections.set(key, [])
      collections.get(key).push(task)
    }
    return collections
  }

  /** Of a collection, in the process or in a job: each begins when the one before it has ended. */
  #checkOrder (tasks) {
    tasks.sort((a, b) => a.n - b.n)
    for (let i = 1; i < tasks.length; i++) {
      const [before, after] = [tasks[i - 1], tasks[i]]
      const [begin] = after.begins
      if (begin === undefined || before.begins.length === 0) continue
      const outcomes = [...before.ends.filter(({ ok, attempt }) => ok || attempt >= (kinds[before.kind].attempts ?? 1)), ...before.reports, ...before.logs.filter(({ what }) => what === 'failed')]
      const end = Math.min(...outcomes.map(({ n }) => n))
      const isUnseen = kinds[before.kind].hasNoEnd && before.group !== undefined // its group alone is reported
      if (begin.n < end && !isUnseen) this.#violate('order holds', `${after.t} (${after.kind}) begins before ${before.t} (${before.kind}) has ended`, [before.t, after.t])
    }
  }

  /** What a process that has closed has counted is what the history says. */
  #checkCounts ({ program, atClose, completed, stored, failed, ofJobs, watched, reports, config }) {
    if (atClose === undefined) return
    const { counts, metrics } = atClose
    const expected = { completed: completed + ofJobs.completed + watched, stored, failed: failed + ofJobs.failed }
    const found = JSON.stringify(metrics)
    if (found !== JSON.stringify(expected)) this.#violate('the metrics agree with the log', `${program} ${found}, not ${JSON.stringify(expected)}, with ${JSON.stringify(config)}`, [])
    if (reports !== failed + ofJobs.failed) this.#violate('onTaskError hears of each failure', `${program}: ${reports} of ${failed + ofJobs.failed}`, [])
    if (program === 'worker') return
    const right = { pending: 0, running: 0, completed: completed + stored + watched, failed }
    if (JSON.stringify(counts) !== JSON.stringify(right)) this.#violate('the counts agree with the log', `${JSON.stringify(counts)}, not ${JSON.stringify(right)}`, [])
  }

  /** The shortest history that shows a violation: what happened to its tasks, and the faults meanwhile. */
  show ({ tasks, from, to }) {
    const names = new Set(tasks)
    const requests = new Set(tasks.map((t) => this.tasks.get(t)?.r))
    const own = this.events.filter(({ t, id, r, event, n }) => names.has(t) || names.has(this.#names.get(id)) ||
      (t === undefined && r !== undefined && requests.has(r)) || (from !== undefined && n >= from && n <= to))
    const [first, last] = [own[0]?.at, own.at(-1)?.at]
    const pids = new Set(own.map(({ pid }) => pid))
    const around = this.events.filter(({ event, at, of }) => at >= first - aftermath && at <= last && (['fault', 'healed'].includes(event) || pids.has(of)))
    return [...new Set([...own, ...around])].sort((a, b) => a.n - b.n)
  }

  get warnings () {
    const counts = {}
    for (const { event, msg } of this.events) {
      if (event !== 'warning') continue
      const text = msg.replace(/"[^"]*"/g, '"…"').replace(/\d+/g, 'n').slice(0, 110)
      counts[text] = (counts[text] ?? 0) + 1
    }
    return counts
  }
}

/** `Map.groupBy`, which Node.js 20 lacks. */
function groupBy (begins) {
  const groups = new Map()
  for (const begin of begins) groups.set(begin.attempt, [...groups.get(begin.attempt) ?? [], begin])
  return groups
}
