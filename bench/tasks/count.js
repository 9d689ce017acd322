let missing = 0
let done = () => {}

/** Resolves when so many tasks have run. */
export function countTo (count) {
  missing = count
  return new Promise((resolve) => { done = resolve })
}

export async function tick (to) {
  if (--missing === 0) done()
}
