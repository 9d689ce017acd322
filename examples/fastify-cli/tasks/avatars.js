import { taskContext } from 'fastify-background-tasks'

export function renderAvatar (name) {
  taskContext()?.log.info({ name }, 'rendered an avatar')
}
