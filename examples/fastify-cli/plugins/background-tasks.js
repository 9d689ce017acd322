import backgroundTasks from 'fastify-background-tasks'
import fp from 'fastify-plugin'

export default fp(async (fastify) => {
  await fastify.register(backgroundTasks, { tasks: new URL('../tasks/', import.meta.url) })
})
