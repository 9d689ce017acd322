// The checker: what in a history contradicts the promises.
import { bounds, kinds } from './kinds.js'

/** A rule that the history breaks; what breaks it; and the tasks that it is about. */
class Violations {
  all = []

  add (rule, what, ...tasks) {
    this.all.push({ rule, what, tasks })
  }
}

/** Gives the violations, and how often a fault explains that a task ran again. */
export function check (history) {
  const violations = new Violations()
  let explained = 0
  for (const event of history.events) checkEvent(event, history, violations)
  checkBounds(history, violations)
  for (const task of history.tasks.values()) {
    explained += checkAttempts(task, history, violations)
    checkFailures(task, history, violations)
    checkStart(task, history, violations)
    if (task.added !== undefined && !task.isQueued) checkLog(task, history, violations)
  }
  for (const tasks of collectionsOf(history).values()) checkOrder(tasks, history, violations)
  for (const process of history.processes.values()) checkCounts(process, violations)
  return { violations: violations.all, explained }
}

function checkEvent ({ event, n, t, pid, of, code, signal, isWanted, handles, threads }, history, violations) {
  const { program } = history.process(pid)
  if (event === 'begin' && (history.process(pid).closedAt ?? n) < n) violations.add('nothing begins after the close', t, t)
  if (['resource-closed', 'closed'].includes(event)) history.process(pid).closedAt ??= n
  if (event === 'exit' && !isWanted) violations.add('no process ends by itself', `${of}: ${signal ?? code}`)
  if (event === 'exit' && isWanted && signal === null && code !== 0) violations.add('a process that was told to close exits with 0', `${of}: ${code}`)
  if (event === 'stuck') violations.add('a process that was told to close does so', `${history.process(of).program} ${of}`)
  if (event === 'left' && handles.length + threads > 0) violations.add('no handle and no thread is left', `${program} ${pid}: ${handles}, ${threads} threads`)
}

/** Never more at once than the bounds allow: in a process, in its threads, of a function, of a group. */
function checkBounds (history, violations) {
  const running = new Map()
  for (const { event, t, kind, pid, thread, attempt } of history.events) {
    if (!['begin', 'end'].includes(event) || kind === 'waitUntil' || kinds[kind].hasNoEnd) continue
    const { program, config } = history.process(pid)
    const { begins, group, c, isQueued } = history.tasks.get(t)
    const isInThread = (thread ?? begins.findLast((begin) => begin.pid === pid && begin.attempt === attempt)?.thread) > 0
    const limits = [
      ['attempts', program === 'api' ? bounds.running : bounds.jobs],
      ['in threads', isInThread ? bounds.threads : undefined],
      [kind, kinds[kind].most],
      [`in the group ${c}`, isQueued ? undefined : group?.concurrency] // a group's job runs apart from it
    ]
    for (const [what, most] of limits) {
      if (most === undefined) continue
      const key = `${pid} ${what}`
      const count = (running.get(key) ?? 0) + (event === 'begin' ? 1 : -1)
      running.set(key, count)
      if (count > most) violations.add('never more at once than the bounds allow', `${count} ${what}, of at most ${most}, in ${program} ${JSON.stringify(config)}`, t)
    }
  }
}

/** Each attempt is made once, unless a fault explains more. Gives how often one does. */
function checkAttempts ({ t, kind, begins, ...task }, history, violations) {
  let explained = 0
  for (const attempt of new Set(begins.map(({ attempt }) => attempt))) {
    const [first, second] = begins.filter((begin) => begin.attempt === attempt)
    if (attempt > (kinds[kind].attempts ?? 1)) violations.add('a task has no more attempts than it needs', `${t} (${kind}): attempt ${attempt}`, t)
    if (second === undefined) continue
    if (task.mayRepeat !== false && history.explains({ begins, ...task }, Math.min(task.added ?? first.n, first.n), second.n)) explained++
    else violations.add('a task runs once, unless a fault explains more', `${t} (${kind}, attempt ${attempt})`, t)
  }
  return explained
}

/** A failure is that of the function, and reported once. */
function checkFailures (task, history, violations) {
  const { t, kind, ends, reports, added, mayRepeat, fails } = task
  for (const { code, n, pid } of reports) {
    const isExpected = code === kinds[kind].fails || (kind === 'waitUntil' && fails)
    const isGivenUp = code === 'FST_BGT_UNFINISHED' ? history.process(pid).toldTo !== undefined : code === 'FST_BGT_WORKER' && mayRepeat && history.explains(task, added ?? n, n)
    if (!isExpected && !isGivenUp) violations.add('a task fails if its function does', `${t} (${kind}): ${code}`, t)
    if (code !== 'FST_BGT_UNFINISHED' && !mayRepeat && ends.some(({ ok }) => ok)) violations.add('what has completed is not reported as failed', `${t} (${kind}): ${code}`, t)
  }
  if (reports.length > 1 && !(mayRepeat && history.explains(task, added, reports[1].n))) violations.add('a failure is reported once', `${t} (${kind})`, t)
}

/** No task begins before its response is over; none that was discarded or refused begins at all. */
function checkStart (task, history, violations) {
  const { t, r, mode, kind, pid, begins: [begin], added, isQueued, isOutside, isLate } = task
  if (begin === undefined || added === undefined || isOutside || isLate || mode === 'run' || kind === 'waitUntil') return

  const { over = Infinity, discarded = Infinity, refused } = history.request(r)
  const { config, toldTo } = history.process(pid)
  const mayBeStored = isQueued && config.queue.enqueue === 'beforeResponse'
  if (begin.n < over && !mayBeStored && toldTo === undefined) violations.add('no task begins before the response is over', `${t} (${kind})`, t)
  if (begin.n > discarded && !mayBeStored) violations.add('what was discarded does not begin', `${t} (${kind})`, t)
  if (refused !== undefined && !(isQueued && history.explains(task, added, begin.n))) violations.add('no task of a request that was answered with 503 begins', `${t} (${kind})`, t)
}

/** A task in the process has one line of its outcome in the log. */
function checkLog ({ t, kind, logs, ends, pid, group }, history, violations) {
  if (group !== undefined || kind === 'waitUntil' || history.process(pid).exit !== 0) return
  const lines = logs.filter(({ what }) => what !== 'retried')
  if (lines.length > 1 || (lines.length === 0 && ends.some(({ ok }) => ok))) violations.add('the log has one line of each outcome', `${t} (${kind}): ${lines.map(({ what }) => what)}`, t)
}

/** What runs in order: a collection's tasks in the process, and those of its job. */
function collectionsOf (history) {
  const collections = new Map()
  for (const task of history.tasks.values()) {
    const { r, c, kind, group, added, isQueued, isLate, isOutside } = task
    if (isQueued && added > history.request(r).over) continue // a job of its own
    if (added === undefined || kind === 'waitUntil' || isLate || isOutside || group?.concurrency > 1) continue
    const key = `${c} ${isQueued}`
    if (!collections.has(key)) collections.set(key, [])
    collections.get(key).push(task)
  }
  return collections
}

/** Each begins when the one before it has ended; and not at all after a failure, with `onError: 'stop'`. */
function checkOrder (tasks, history, violations) {
  tasks.sort((a, b) => a.added - b.added)
  for (const [i, after] of tasks.entries()) {
    const before = tasks[i - 1]
    const [begin] = after.begins
    if (begin === undefined || before === undefined || before.begins.length === 0) continue

    const { attempts = 1, hasNoEnd } = kinds[before.kind]
    const ends = [...before.ends.filter(({ ok, attempt }) => ok || attempt >= attempts), ...before.reports, ...before.logs.filter(({ what }) => what === 'failed')]
    const isUnseen = hasNoEnd && before.group !== undefined // its group alone is reported
    const what = `${after.t} (${after.kind}) begins`
    if (begin.n < Math.min(...ends.map(({ n }) => n)) && !isUnseen) violations.add('order holds', `${what} before ${before.t} (${before.kind}) has ended`, before.t, after.t)

    const onError = before.group === undefined ? before.onError : before.group.onError
    const hasFailed = !before.ends.some(({ ok }) => ok) && begin.n > Math.max(...before.reports.map(({ n }) => n))
    if (onError === 'stop' && hasFailed && before.reports.length > 0 && !(before.mayRepeat && history.explains(before, before.added, begin.n))) {
      violations.add('nothing begins after a failure with onError: "stop"', `${what} after ${before.t} (${before.kind}) has failed`, before.t, after.t)
    }
  }
}

/** What a process has counted when it has closed is what the history says. */
function checkCounts ({ program, atClose, completed, stored, failed, ofJobs, watched, reports }, violations) {
  if (atClose === undefined) return
  const same = (rule, found, expected) => {
    if (JSON.stringify(found) !== JSON.stringify(expected)) violations.add(rule, `${program}: ${JSON.stringify(found)}, not ${JSON.stringify(expected)}`)
  }
  same('the metrics agree with the log', atClose.metrics, { completed: completed + ofJobs.completed + watched, stored, failed: failed + ofJobs.failed })
  same('onTaskError hears of each failure', reports, failed + ofJobs.failed)
  if (program === 'api') same('the counts agree with the log', atClose.counts, { pending: 0, running: 0, completed: completed + stored + watched, failed })
}
