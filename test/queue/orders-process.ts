// An API that takes orders, in a process of its own, for a test that kills it: node orders-process.js '{ "connection", "name", … }'
import Fastify from 'fastify'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import backgroundTasks, { BackgroundTasks } from '../../lib/index.js'
import { queueTasks } from '../helpers/queue.js'
import { work } from './harness.js'

const { connection, name, table, application } = JSON.parse(process.argv[2] as string)
const pool = new pg.Pool({ connectionString: connection, application_name: application })
const app = Fastify({ forceCloseConnections: true })
await app.register(backgroundTasks, { tasks: queueTasks, threads: false, queue: { connection, name }, runOn: 'success' })

/** Leaves room for a kill between any two steps. */
const pause = async (longest: number): Promise<void> => { await sleep(Math.random() * longest) }

app.post<{ Params: { id: string }, Querystring: { by: string, fails: string } }>('/orders/:id', async (request, reply) => {
  const { params: { id }, query: { by, fails } } = request
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    await client.query(`INSERT INTO "${table}" VALUES ($1)`, [id])
    await pause(25)
    if (by === 'app') {
      const tasks = new BackgroundTasks()
      tasks.addTask(work.note, 'file', id)
      await app.backgroundTasks.storeIn(client, tasks)
    } else {
      request.backgroundTasks.addTask(work.note, 'file', id)
      await request.backgroundTasks.storeIn(client)
    }
    await pause(25)
    if (fails === 'yes') throw new Error('sold out')
    await client.query('COMMIT')
  } catch (error) {
    await client.query('ROLLBACK')
    throw error
  } finally {
    client.release()
  }
  await pause(50) // as long as both others, so that about every second order that is killed was committed
  return reply.code(201).send()
})

console.log(`listening at ${await app.listen({ host: '127.0.0.1', port: 0 })} `)
