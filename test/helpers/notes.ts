/** Memory that all threads share, in which tasks note down that they have run: how many notes there are, then the notes. */
export function createNotes (size = 20_000): Int32Array {
  return new Int32Array(new SharedArrayBuffer(4 * (size + 1)))
}

/** What was noted down, in order. */
export function notesIn (notes: Int32Array): number[] {
  return [...notes.subarray(1, 1 + Atomics.load(notes, 0))]
}

/** A gate at which tasks wait in their threads. */
export function createGate () {
  const gate = new Int32Array(new SharedArrayBuffer(8))
  return {
    gate,
    /** Resolves when a task waits there. */
    reached: async () => {
      while (Atomics.load(gate, 0) === 0) await new Promise((resolve) => setTimeout(resolve, 1))
    },
    open: () => {
      Atomics.store(gate, 1, 1)
      Atomics.notify(gate, 1)
    }
  }
}
