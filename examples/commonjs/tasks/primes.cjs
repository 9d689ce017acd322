const { taskContext } = require('fastify-background-tasks')

exports.countPrimes = function countPrimes (below) {
  const composite = new Uint8Array(below)
  let primes = 0
  for (let n = 2; n < below; n++) {
    if (composite[n]) continue
    primes++
    for (let multiple = n * n; multiple < below; multiple += n) composite[multiple] = 1
  }
  taskContext()?.log.info({ below, primes }, 'counted primes')
}
