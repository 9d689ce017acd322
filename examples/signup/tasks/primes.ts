/** Counts the primes below `limit`: about a second of computing, and it knows nothing of threads. */
export function countPrimes (limit: number): number {
  let primes = 0
  for (let n = 2; n < limit; n++) if (isPrime(n)) primes++
  return primes
}

function isPrime (n: number): boolean {
  for (let divisor = 2; divisor * divisor <= n; divisor++) if (n % divisor === 0) return false
  return true
}
