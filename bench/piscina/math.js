// The same as a Piscina worker, as one would write it by hand.
import * as math from '../tasks/math.js'

export const add = ({ a, b }) => math.add(a, b)
export const compute = (ms) => math.compute(ms)
