import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collectGarbage: () => void = runInNewContext('gc')

/** How many are still in memory once the garbage has been collected, if that takes no longer than a moment. */
export async function countKept (refs: Array<WeakRef<object>>): Promise<number> {
  const kept = () => refs.filter((ref) => ref.deref() !== undefined).length
  for (let i = 0; i < 20 && kept() > 0; i++) {
    await sleep(10)
    collectGarbage()
  }
  return kept()
}
