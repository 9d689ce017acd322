/** Who goes first in one round goes last in the next. */
export function inTurn (names, round) {
  return round % 2 === 0 ? names : names.toReversed()
}

/** Lets everybody take turns: `measure(name, round)` for each name in each round. Gives what each has measured. */
export async function interleave (names, rounds, measure) {
  const results = Object.fromEntries(names.map((name) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    process.stdout.write(`  round ${round + 1} of ${rounds}\n`)
    for (const name of inTurn(names, round)) results[name].push(await measure(name, round))
  }
  return results
}
