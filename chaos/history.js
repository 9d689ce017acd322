import { openSync, readSync } from 'node:fs'
import { kinds } from './kinds.js'

/** For how long a fault's consequences may show after it has ended, in milliseconds: connections and locks are found lost later. */
const aftermath = 5_000

/** What the file of the history says: of each task, request, process and fault. Methods are named after the events that they take in. */
export class History {
  events = []
  tasks = new Map()
  processes = new Map()
  faults = []
  #file
  #position = 0
  #rest = ''
  #requests = new Map()
  #names = new Map() // of tasks, by id
  #unnamed = [] // lines of tasks whose id is not known yet
  #groups = new Map() // reports of groups that failed
  #failed = new Set() // requests and groups in which something failed

  constructor (path) {
    this.#file = openSync(path, 'r')
  }

  /** Takes in what has been appended since the last time. */
  read () {
    const buffer = Buffer.alloc(1 << 20)
    for (let length; (length = readSync(this.#file, buffer, 0, buffer.length, this.#position)) > 0; this.#position += length) {
      const lines = (this.#rest + buffer.toString('latin1', 0, length)).split('\n')
      this.#rest = lines.pop()
      for (const line of lines) {
        const event = JSON.parse(line)
        event.n = this.events.push(event) - 1
        this[event.event]?.(event)
      }
    }
    for (const event of this.#unnamed.splice(0)) this.log(event, true)
  }

  task (t, kind) {
    if (!this.tasks.has(t)) this.tasks.set(t, { t, kind, begins: [], ends: [], reports: [], logs: [] })
    return this.tasks.get(t)
  }

  request (r) {
    if (!this.#requests.has(r)) this.#requests.set(r, {})
    return this.#requests.get(r)
  }

  /** With the sums of what the history says that it did. */
  process (pid) {
    if (!this.processes.has(pid)) this.processes.set(pid, { pid, completed: 0, stored: 0, failed: 0, ofJobs: { completed: 0, failed: 0 }, watched: 0, reports: 0 })
    return this.processes.get(pid)
  }

  added (event) {
    const { config } = this.process(event.pid)
    const isQueued = kinds[event.kind].place === 'module' && config.queue !== undefined
    Object.assign(this.task(event.t), event, { added: event.n, isQueued, mayRepeat: isQueued && config.queue.connection !== 'memory:' })
    if (event.id !== undefined) this.#names.set(event.id, event.t)
  }

  begin (event) {
    this.task(event.t, event.kind).begins.push(event)
    if (event.id !== undefined) this.#names.set(event.id, event.t)
  }

  end (event) {
    this.task(event.t, event.kind).ends.push(event)
    if (event.ok && event.kind === 'waitUntil') this.process(event.pid).watched++ // which leaves no line in the log
  }

  report (event) {
    const { t, group, pid } = event
    this.process(pid).reports++
    if (group !== undefined) this.#groups.set(group, event)
    if (t !== undefined) this.task(t).reports.push(event)
    this.#failed.add(Number.parseInt(t ?? group)).add(this.tasks.get(t)?.c)
  }

  log (event, isLate = false) {
    const { what, id, job, pid } = event
    const process = this.process(pid)
    if (what !== 'retried' && !isLate) (job === undefined || process.program === 'worker' ? process : process.ofJobs)[what]++
    const t = this.#names.get(id)
    if (t !== undefined) this.task(t).logs.push(event)
    else this.#unnamed.push(event)
  }

  over ({ r, n }) { this.request(r).over = n }
  unavailable ({ r, n }) { this.request(r).refused = n }
  response ({ r, status }) { this.request(r).status = status }
  discarded ({ r, n }) { this.request(r).discarded = n }
  start ({ of, program, config }) { Object.assign(this.process(of), { program, config }) }
  'end of process' ({ of, signal }) { this.process(of).toldTo = signal }
  exit ({ of, code, signal }) { this.process(of).exit = signal ?? code }
  closed ({ pid, counts, metrics }) { this.process(pid).atClose = { counts, metrics } }
  fault (event) { this.faults.push({ ...event, until: Infinity }) }
  healed ({ fault, at }) { this.faults.find((one) => one.fault === fault).until = at }

  /** The tasks that are promised to end or to be reported, and have not. */
  get outstanding () {
    return [...this.tasks.values()].filter((task) => this.#isPromised(task) && !this.#hasEnded(task))
  }

  #isPromised ({ r, pid, added, logs, mode, group, mayRepeat, isOutside, isLate }) {
    if (added === undefined) return false // its process died before it could say so
    const { refused = -1, status } = this.request(r)
    const { exit = 0, config } = this.process(pid)
    const isOfRequest = !isOutside && !isLate
    if (!isOutside && added < refused) return false // with all that its request had added by then
    if (exit === 0) return true
    if (!mayRepeat) return false
    return logs.some(({ what }) => what === 'stored') ||
      (config.queue.enqueue === 'beforeResponse' && status < 500 && isOfRequest && group === undefined && mode !== 'run' && mode !== 'hijack')
  }

  #hasEnded ({ r, c, kind, group, onError, begins, ends, reports, logs, isOutside }) {
    const { attempts = 1, hasNoEnd } = kinds[kind]
    if (reports.length > 0 || ends.some(({ ok }) => ok) || logs.some(({ what, job }) => what === 'failed' || (what === 'completed' && job === undefined))) return true
    if (!isOutside && this.request(r).discarded !== undefined) return true
    // A group is one task: what fails in it, its own report says.
    const report = this.#groups.get(c)
    if (report?.code === 'FST_BGT_UNFINISHED') return true
    if (report !== undefined && begins.length > 0 && (hasNoEnd || ends.some(({ attempt }) => attempt >= attempts))) return true
    return (onError === 'stop' && !isOutside && this.#failed.has(r)) || (group?.onError === 'stop' && (report !== undefined || this.#failed.has(c)))
  }

  /** Whether a fault of the server, or of a process that had to do with the task, explains what happened from one event to another. */
  explains (task, from, to) {
    const pids = new Set([task.pid, ...task.begins.map(({ pid }) => pid)])
    const [first, last] = [this.events[from].at, this.events[to].at]
    return this.faults.some(({ target, of, at, until }) => (target === 'server' || pids.has(of)) && at <= last && until + aftermath >= first)
  }

  /** The shortest history that shows what is wrong with these tasks: their events, those of their requests, and the faults meanwhile. */
  of (tasks) {
    const requests = new Set(tasks.map((t) => this.tasks.get(t)?.r))
    const own = this.events.filter(({ t, id, r }) => tasks.includes(t) || tasks.includes(this.#names.get(id)) || (t === undefined && r !== undefined && requests.has(r)))
    const pids = new Set(own.map(({ pid }) => pid))
    const around = this.events.filter(({ event, at, of }) => at >= own[0]?.at - aftermath && at <= own.at(-1)?.at && (['fault', 'healed'].includes(event) || pids.has(of)))
    return [...new Set([...own, ...around])].sort((a, b) => a.n - b.n)
  }

  /** How often which warning was logged. */
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
