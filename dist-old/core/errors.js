import createError from '@fastify/error';
/** A task's function is no function, or one that a task cannot run. */
export const FST_BGT_INVALID_FUNCTION = createError('FST_BGT_INVALID_FUNCTION', 'A background task needs a function, but got %s. Pass the function itself, then its arguments: addTask(func, ...args).', 500, TypeError);
/** A collection is given something that is no `BackgroundTask`. */
export const FST_BGT_INVALID_TASK = createError('FST_BGT_INVALID_TASK', 'A collection takes an iterable of BackgroundTask instances, but got %s. Make one with new BackgroundTask(func, ...args), or call addTask(func, ...args).', 500, TypeError);
/** An option of the wrong type or range, or one that does not exist. */
export const FST_BGT_INVALID_OPTION = createError('FST_BGT_INVALID_OPTION', 'Invalid option "%s": %s.', 500, TypeError);
/** A task module cannot be found or loaded, or two of their functions have one name. */
export const FST_BGT_TASK_MODULE = createError('FST_BGT_TASK_MODULE', 'Task module %s: %s.', 500);
/** An argument or a result that cannot be cloned, so that it cannot go to a thread or come from it. */
export const FST_BGT_ARGUMENT = createError('FST_BGT_ARGUMENT', 'Background task "%s" runs in a worker thread, but %s cannot be cloned: it is %s. Pass plain data (an id, a path, a buffer), and let the task look up the rest.', 500, TypeError);
/** A task ran past its timeout. */
export const FST_BGT_TIMEOUT = createError('FST_BGT_TIMEOUT', 'Background task "%s" ran past its timeout of %d ms. Give it less to do at once, or raise the option "timeout".', 500);
/** The thread of a task has ended before the task. */
export const FST_BGT_THREAD = createError('FST_BGT_THREAD', 'The worker thread of background task "%s" %s.', 500);
/** As many tasks wait or run as may. */
export const FST_BGT_QUEUE_FULL = createError('FST_BGT_QUEUE_FULL', 'No background task can be added: %d wait or run already, which is all that the option "maxPending" allows. Try again later.', 503);
/** An option needs an optional package that is not installed. */
export const FST_BGT_MISSING_DEPENDENCY = createError('FST_BGT_MISSING_DEPENDENCY', 'The option "%s" needs the package %s, which is not installed: npm install %s', 500);
/** The plugin is registered where it is registered already. */
export const FST_BGT_ALREADY_REGISTERED = createError('FST_BGT_ALREADY_REGISTERED', 'fastify-background-tasks is registered already. Register it once, on the outermost instance that needs it: plugins registered inside share it.', 500);
