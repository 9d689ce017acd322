export function add (a, b) {
  return a + b
}

/** Keeps a core busy. */
export function compute (ms) {
  const end = performance.now() + ms
  while (performance.now() < end);
}
