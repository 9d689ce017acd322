/** Random numbers that a seed repeats (mulberry32). */
export class Random {
  #state

  constructor (seed) {
    this.#state = seed
  }

  /** From 0 to 1. */
  next () {
    this.#state = (this.#state + 0x6D2B79F5) | 0
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }

  /** An integer; `most` included. */
  between (least, most) {
    return least + Math.floor(this.next() * (most - least + 1))
  }

  chance (probability) {
    return this.next() < probability
  }

  pick (list) {
    return list[Math.floor(this.next() * list.length)]
  }

  /** One of `[value, weight]`. */
  weighted (pairs) {
    let left = this.next() * pairs.reduce((sum, [, weight]) => sum + weight, 0)
    return (pairs.find(([, weight]) => (left -= weight) < 0) ?? pairs[0])[0]
  }
}
