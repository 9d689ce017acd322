import { quantile } from './spread.js'

/**
 * Lets programs take turns in short bursts, so that whatever disturbs the machine disturbs all of them. In each round there
 * are new ones, as what the compiler makes of a program differs from one process to the next.
 *
 * @param starts starts a program, by the name of each
 * @param burst has a program work for a moment: gives `units` of work done, and the `seconds` and microseconds of `cpu` time
 * that they took
 * @returns of each name, for each burst, `cpu` (microseconds a unit) and `perSecond` (units)
 */
export async function compare (starts, { rounds, bursts, warmUp }, burst) {
  const names = Object.keys(starts)
  const results = Object.fromEntries(names.map((name) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    const programs = new Map()
    for (const name of names) programs.set(name, await starts[name]())
    for (let i = -warmUp; i < bursts; i++) {
      for (const name of i % 2 === 0 ? names : names.toReversed()) {
        const { units, seconds, cpu } = await burst(programs.get(name), name)
        if (i >= 0) results[name].push({ cpu: cpu / units, perSecond: units / seconds })
      }
    }
    for (const program of programs.values()) await program.stop()
  }
  return results
}

/** How two programs compare, burst by burst: what was measured side by side is divided first, and then ordered. */
export function ratio (results, name, other, what) {
  const ratios = results[name].map((burst, i) => burst[what] / results[other][i][what])
  return { median: quantile(ratios, 0.5), q1: quantile(ratios, 0.25), q3: quantile(ratios, 0.75) }
}

/** The median of what a program was measured at. */
export function median (results, name, what) {
  return quantile(results[name].map((burst) => burst[what]), 0.5)
}
