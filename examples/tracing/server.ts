// `npm run start:tracing`: spans of requests and of their tasks, printed, and shown at /spans. PORT is 3000 by default.
import { FastifyOtelInstrumentation } from '@fastify/otel'
import { trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { ConsoleSpanExporter, InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node'
import closeWithGrace from 'close-with-grace'
import { createApp } from './app.js'
import { traceTasks } from './task-spans.js'

const exporter = new InMemorySpanExporter()
const provider = new NodeTracerProvider({
  spanProcessors: [exporter, new ConsoleSpanExporter()].map((each) => new SimpleSpanProcessor(each))
})
const contextManager = new AsyncLocalStorageContextManager()
provider.register({ contextManager })
traceTasks(trace.getTracer('background-tasks'), contextManager)

// One span for each request; spans of hooks and handlers are left out here.
const instrumentation = new FastifyOtelInstrumentation({ instrumentHooks: false, instrumentHandler: false })
const app = await createApp(instrumentation, exporter, { logger: true })

closeWithGrace({ delay: 15_000 }, async ({ err }) => {
  if (err) app.log.error({ err }, 'closing because of an error')
  await app.close()
  await provider.shutdown()
})

await app.listen({ port: Number(process.env.PORT ?? 3000) })
console.log(`Try: curl -X POST ${app.listeningOrigin}/orders; curl ${app.listeningOrigin}/spans`)
