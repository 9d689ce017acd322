import { fileURLToPath } from 'node:url'
import { test, type Test } from 'tap'
import { startProgram } from '../helpers/program.js'
import { Network, Notes, openQueue, testOnEach, type QueueServer } from '../helpers/queue.js'
import { openTestQueue, startTestWorker, work } from './harness.js'

const program = fileURLToPath(new URL('./worker-process.js', import.meta.url))
const lockDuration = 2_000

async function startProcess (t: Test, server: QueueServer, name: string, concurrency: number, options: object = {}) {
  const started = startProgram(t, [process.execPath, program, JSON.stringify({ connection: server.url(), name, lockDuration, concurrency, ...options })])
  await started.until('worker started')
  return started
}

test('workers that die or stop', async (t: Test) => {
  t.jobs = 2 // mostly they wait for locks

  await testOnEach(t, 'no task is lost when a worker is killed, and the order of each job holds', async (t, server) => {
    const queue = await openTestQueue(t, server.url())
    const notes = new Notes(t)
    await Promise.all(Array.from({ length: 60 }, async (_, n) => { await queue.drain([[work.note, notes.file, [n, 'first']], [work.slow, notes.file, [n, 'second'], 30], [work.note, notes.file, [n, 'third']]]) }))
    const victim = await startProcess(t, server, queue.name, 5)
    await notes.until(40)
    victim.child.kill('SIGKILL')
    await victim.exit()
    const { lines } = await startTestWorker(t, server, queue.name, { lockDuration, concurrency: 5 })
    const bull = openQueue(t, server, queue.name)
    while ((await bull.getJobCounts('completed')).completed !== 60) await new Promise((resolve) => setTimeout(resolve, 20))
    const all = notes.lines as Array<[number, string]>
    t.equal(new Set(all.map(String)).size, 180, 'every task has run')
    t.ok(all.length - 180 <= 5, `${all.length - 180} of the five that were running ran again`)
    for (let n = 0; n < 60; n++) t.same([...new Set(all.filter(([of]) => of === n).map(([, task]) => task))], ['first', 'second', 'third'])
    t.ok(lines.with('a job is taken over').length <= 5)
    t.ok(lines.with('a job is taken over').length >= 1)
  })

  await testOnEach(t, 'a worker that is stopped for longer than its lock begins nothing more for a job that another one has', async (t, server) => {
    const queue = await openTestQueue(t, server.url())
    const bull = openQueue(t, server, queue.name)
    const notes = new Notes(t)
    const stopped = await startProcess(t, server, queue.name, 5)
    await queue.drain([[work.slow, notes.file, 'a', 3_000], [work.note, notes.file, 'b'], [work.note, notes.file, 'c']])
    await notes.until(1)
    stopped.child.kill('SIGSTOP')
    const positions: number[] = []
    const { outcomes } = await startTestWorker(t, server, queue.name, { lockDuration })
    await notes.until(2) // the other worker has begun with it
    stopped.child.kill('SIGCONT')
    while ((await bull.getJobCounts('completed')).completed !== 1) {
      const [job] = await bull.getJobs(['active', 'waiting', 'delayed'])
      if (job !== undefined) positions.push((job.progress as { position?: number } | undefined)?.position ?? 0) // it may just have ended
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    await new Promise((resolve) => setTimeout(resolve, 500))
    t.same(notes.lines, ['a', 'a', 'b', 'c'])
    t.same(outcomes.all, ['work.slow completed', 'work.note completed', 'work.note completed'])
    t.same(positions, [...positions].sort((a, b) => a - b), 'progress never went back')
  })

  await testOnEach(t, 'a worker that closes while its server is unavailable leaves what it cannot end, and its process ends', async (t, server) => {
    const network = await Network.create(t, server)
    const queue = await openTestQueue(t, server.url())
    const notes = new Notes(t)
    const { child, exit } = await startProcess(t, server, queue.name, 1, { connection: server.url(network.port), lockDuration: 60_000 })
    await queue.drain([[work.wait, notes.file, 'a']])
    await notes.until(1)
    network.cut()
    notes.add('go on')
    await notes.until(3)
    child.kill('SIGTERM')
    const timeout = setTimeout(() => child.kill('SIGKILL'), 30_000)
    t.equal(await exit(), 0)
    clearTimeout(timeout)
  })

  await testOnEach(t, 'of the tasks beside one that ends its process, none fails', async (t, server) => {
    const queue = await openTestQueue(t, server.url(), { attempts: 1 })
    const bull = openQueue(t, server, queue.name)
    const notes = new Notes(t)
    for (let n = 0; n < 6; n++) await queue.drain([[work.slow, notes.file, n, 300], [work.note, notes.file, `behind ${n}`]])
    await queue.drain([[work.poison, notes.file], [work.note, notes.file, 'behind poison']])

    const over = new AbortController()
    let deaths = 0
    const keepRunning = (async () => {
      while (!over.signal.aborted) {
        const worker = await startProcess(t, server, queue.name, 10)
        const exit = worker.exit()
        while (!over.signal.aborted && worker.child.signalCode === null) await Promise.race([exit, new Promise((resolve) => setTimeout(resolve, 50))])
        if (!over.signal.aborted) deaths++
        worker.child.kill('SIGKILL')
      }
    })()
    while (((counts) => (counts.completed ?? 0) + (counts.failed ?? 0))(await bull.getJobCounts('completed', 'failed')) < 7) await new Promise((resolve) => setTimeout(resolve, 50))
    over.abort()
    await keepRunning

    const failed = await bull.getFailed()
    t.equal(failed.length, 1)
    t.match(failed[0]?.failedReason, /^1 of 2 background tasks failed: "work\.poison" \(.+\): Background task "work\.poison" is not retried: 3 workers died/)
    t.equal(deaths, 4, 'once unrecorded, and three times recorded')
    t.same(notes.lines.filter((line) => String(line).startsWith('behind')).sort(), ['behind 0', 'behind 1', 'behind 2', 'behind 3', 'behind 4', 'behind 5', 'behind poison'])
  })
})
