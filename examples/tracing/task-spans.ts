import { tracingChannel } from 'node:diagnostics_channel'
import { context, SpanStatusCode, trace, type Span, type Tracer } from '@opentelemetry/api'
import type { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import type { TaskTrace } from 'fastify-background-tasks'

const channel = tracingChannel<unknown, TaskTrace>('fastify-background-tasks.task')

/**
 * Creates a span for each attempt at a task. The span starts a trace of its own, because the request's trace ends with the
 * response. It has a link to the request's span. It is the active span of the task's code, except in a thread.
 *
 * @param contextManager the SDK's, in which the span becomes the active one
 */
export function traceTasks (tracer: Tracer, contextManager: AsyncLocalStorageContextManager): void {
  const spans = new WeakMap<TaskTrace, Span>()
  const attached = new WeakMap<TaskTrace, { dispose (): void }>()

  channel.subscribe({
    // In the async context in which the task was added.
    start (task) {
      const request = trace.getActiveSpan()
      const span = tracer.startSpan(task.name, {
        root: true,
        links: request === undefined ? [] : [{ context: request.spanContext() }],
        attributes: {
          'task.id': task.id,
          'task.name': task.name,
          'task.execution': task.execution,
          'task.attempt': task.attempt
        }
      })
      spans.set(task, span)
      attached.set(task, contextManager.attach(trace.setSpan(context.active(), span)))
    },

    // The task's function runs in the context that is active here.
    end (task) {
      attached.get(task)?.dispose()
    },

    error (task) {
      const error = task.error instanceof Error ? task.error : new Error(String(task.error))
      spans.get(task)?.recordException(error)
      spans.get(task)?.setStatus({ code: SpanStatusCode.ERROR, message: error.message })
    },

    asyncStart () {},

    asyncEnd (task) {
      spans.get(task)?.end()
    }
  })
}
