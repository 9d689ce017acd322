export function add (a, b) {
  return a + b
}

/** Keeps a core busy. */
export function compute (ms) {
  const end = performance.now() + ms
  while (performance.now() < end);
}

/** Keeps a thread, but no core. */
export function block (memory) {
  Atomics.wait(new Int32Array(memory), 0, 0)
}
