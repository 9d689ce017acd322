import { renderAvatar } from '../../tasks/avatars.js'

export default async function users (fastify) {
  fastify.post('/', { config: { backgroundTasks: { runOn: 'success' } } }, async (request, reply) => {
    request.backgroundTasks.addTask(renderAvatar, 'ada')
    request.backgroundTasks.addTask(async () => request.log.info('all done'))
    return reply.code(201).send({ name: 'ada' })
  })
}
