import { setTimeout as sleep } from 'node:timers/promises'

/** Counts how many calls are at work, and remembers the most. */
export function createMeter () {
  const meter = { now: 0, most: 0, calls: 0 }
  const work = async (ms = 2) => {
    meter.calls++
    meter.most = Math.max(meter.most, ++meter.now)
    await sleep(ms)
    meter.now--
  }
  return { meter, work }
}
