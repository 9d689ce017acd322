/** What a part has measured, as Markdown: its figures, how they compare, and with what they were measured. */
export function partTables ({ rows, ratios, skipped, machine, versions }) {
  return [
    skipped && `Skipped: ${skipped}.`,
    rows?.length > 0 && table(rows),
    ratios?.length > 0 && table(ratios.map(goalRow)),
    machine && `${machine.date}, Node.js ${machine.node}, ${machine.cores} cores (${machine.cpu}), ${machine.memory}, ${machine.system}. ` +
      `${Object.entries(machine.versions).map(([name, version]) => `${name} ${version}`).join(', ')}${versions ? `. ${versions}` : ''}.`
  ].filter(Boolean).join('\n\n')
}

/** What has a goal, of all parts, by versions of Node.js. */
export function goalTable (results, names) {
  const rows = []
  for (const part of names) {
    const ratiosOf = (version) => results[version][part]?.ratios ?? []
    const goals = new Map(Object.keys(results).flatMap(ratiosOf).filter((ratio) => goalOf(ratio) !== '').map((ratio) => [ratio.what, ratio]))
    for (const [what, ratio] of goals) {
      const measured = Object.keys(results).map((version) => {
        const found = ratiosOf(version).find((other) => other.what === what)
        return [`Node.js ${version}`, found ? `${format(found.ratio.median)}${isMet(found) ? '' : ' ✗'}` : '']
      })
      rows.push({ part, what, goal: goalOf(ratio), ...Object.fromEntries(measured) })
    }
  }
  return rows.length > 0 ? table(rows) : ''
}

function goalRow (ratio) {
  const goal = goalOf(ratio)
  return { compared: ratio.what, measured: ratio.ratio, goal, met: goal === '' ? '' : isMet(ratio) ? 'yes' : 'no' }
}

function goalOf ({ atLeast, atMost }) {
  if (atLeast !== undefined) return `at least ${format(atLeast)}`
  return atMost === undefined ? '' : `at most ${format(atMost)}`
}

function isMet ({ ratio: { median }, atLeast = -Infinity, atMost = Infinity }) {
  return median > 0 && median >= atLeast && median <= atMost // one below 0 is noise
}

/** A Markdown table of rows with the same fields. */
export function table (rows) {
  const columns = Object.keys(rows[0])
  const isNumber = (column) => typeof rows[0][column] !== 'string'
  const lines = [
    columns,
    columns.map((column) => isNumber(column) ? '---:' : '---'),
    ...rows.map((row) => columns.map((column) => cell(row[column])))
  ]
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

/** A median, with its quartiles where there are some. */
function cell (value) {
  if (typeof value === 'string') return value
  if (typeof value === 'number') return format(value)
  return value.rounds > 1 ? `${format(value.median)} (${format(value.q1)}–${format(value.q3)})` : format(value.median)
}

/** Three digits are enough. */
function format (number) {
  return Math.abs(number) >= 100 ? Math.round(number).toLocaleString('en') : String(Number(number.toPrecision(3)))
}
