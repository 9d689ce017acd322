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
  answer({ cpu, ...answers }, app.server.address().port)
}

/** The time that something takes: seconds by the clock, microseconds of CPU time. */
export async function measured (something) {
  const [before, start] = [cpu(), performance.now()]
  await something()
  return { seconds: (performance.now() - start) / 1e3, cpu: cpu() - before }
}

function cpu () {
  const { user, system } = process.cpuUsage()
  return user + system
}
