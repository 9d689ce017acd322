import { defineTask } from 'fastify-background-tasks'

/** Counts the primes below `limit`, which keeps a CPU busy. The app has a queue, but this runs in one of its own threads. */
export const countPrimes = defineTask((limit) => {
  let primes = 0
  for (let n = 2; n < limit; n++) if (isPrime(n)) primes++
  return primes
}, { queue: false })

function isPrime (n) {
  for (let divisor = 2; divisor * divisor <= n; divisor++) if (n % divisor === 0) return false
  return true
}
