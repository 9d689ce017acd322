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

function goalRow ({ what, ratio, atLeast, atMost }) {
  const isMet = (atLeast === undefined || ratio.median >= atLeast) && (atMost === undefined || ratio.median <= atMost)
  const goal = atLeast === undefined ? atMost && `at most ${format(atMost)}` : `at least ${format(atLeast)}`
  return { compared: what, measured: ratio, goal: goal ?? '', met: goal === undefined ? '' : isMet ? 'yes' : 'no' }
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
