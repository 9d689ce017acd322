import createError from '@fastify/error'

/** A task's function is no function, or one that a task cannot run. */
export const FST_BGT_INVALID_FUNCTION = createError<[got: string]>(
  'FST_BGT_INVALID_FUNCTION',
  'A background task needs a function, but got %s. Pass the function itself, then its arguments: addTask(func, ...args).',
  500,
  TypeError as ErrorConstructor
)

/** A collection is given something that is no `BackgroundTask`. */
export const FST_BGT_INVALID_TASK = createError<[got: string]>(
  'FST_BGT_INVALID_TASK',
  'A collection takes an iterable of BackgroundTask instances, but got %s. Make one with new BackgroundTask(func, ...args), or call addTask(func, ...args).',
  500,
  TypeError as ErrorConstructor
)

/** An option of the wrong type or range, or one that does not exist. */
export const FST_BGT_INVALID_OPTION = createError<[option: string, problem: string]>(
  'FST_BGT_INVALID_OPTION',
  'Invalid option "%s": %s.',
  500,
  TypeError as ErrorConstructor
)

/** The plugin is registered where it is registered already. */
export const FST_BGT_ALREADY_REGISTERED = createError<[]>(
  'FST_BGT_ALREADY_REGISTERED',
  'fastify-background-tasks is registered already. Register it once, on the outermost instance that needs it: plugins registered inside share it.',
  500
)
