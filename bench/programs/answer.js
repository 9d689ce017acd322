/** Tells the bench that a program is ready, and answers its questions: one function for each. */
export function answer (answers, port) {
  process.on('message', async ({ question, argument }) => {
    process.send({ answer: await answers[question](argument) ?? null })
  })
  process.on('disconnect', () => process.exit())
  process.send({ answer: port ?? null })
}

/** Has a server listen, and tells its port. It can say how much CPU time it has used, in microseconds. */
export async function serve (app, answers = {}) {
  await app.listen({ host: '127.0.0.1', port: 0 })
  answer({ cpu: () => process.cpuUsage().user + process.cpuUsage().system, ...answers }, app.server.address().port)
}
