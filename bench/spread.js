/** The median of some values, and their quartiles. */
export function spread (values) {
  return { median: quantile(values, 0.5), q1: quantile(values, 0.25), q3: quantile(values, 0.75), rounds: values.length }
}

/** Between two values it is what lies in the same proportion between them. */
export function quantile (values, q) {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (sorted.length - 1) * q
  const below = Math.floor(at)
  const above = Math.min(below + 1, sorted.length - 1)
  return sorted[below] + (sorted[above] - sorted[below]) * (at - below)
}

/** How the measures of each round compare: what was measured side by side is divided first, and then ordered. */
export function ratio (values, others) {
  return spread(values.map((value, i) => value / others[i]))
}
