/** Horizontal bars on a linear axis from zero, as SVG, in the colors of a light or a dark page. Ours stand out. */
export function chart ({ title, subtitle, unit, bars }) {
  const [left, width, right, top, step] = [210, 380, 70, 62, 30]
  const scale = width / Math.max(...bars.map(({ value }) => value))
  const height = top + bars.length * step + 28
  const rows = bars.map(({ label, value, isOurs = false }, i) => {
    const y = top + i * step
    const end = left + value * scale
    return `  <text x="${left - 10}" y="${y + 15}" text-anchor="end">${label}</text>
  <rect x="${left}" y="${y}" width="${(value * scale).toFixed(1)}" height="20" rx="2" class="${isOurs ? 'ours' : 'theirs'}"/>
  <text x="${(end + 8).toFixed(1)}" y="${y + 15}" class="value">${value >= 100 ? Math.round(value).toLocaleString('en') : value.toFixed(1)}</text>`
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${left + width + right} ${height}" width="${left + width + right}" height="${height}" role="img" aria-label="${title}">
  <style>
    text { font: 13px system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif; fill: #24292f; }
    .title { font-size: 16px; font-weight: 600; } .muted { fill: #57606a; } .value { font-weight: 600; }
    .ours { fill: #2a6fd6; } .theirs { fill: #a8adb5; } line { stroke: #d0d7de; }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3; } .muted { fill: #9198a1; } .ours { fill: #539bf5; } .theirs { fill: #6e7681; } line { stroke: #3d444d; }
    }
  </style>
  <text x="0" y="20" class="title">${title}</text>
  <text x="0" y="42" class="muted">${unit}. ${subtitle}</text>
${rows.join('\n')}
  <line x1="${left}" y1="${top - 6}" x2="${left}" y2="${height - 24}"/>
  <text x="${left}" y="${height - 8}" text-anchor="middle" class="muted">0</text>
</svg>
`
}
