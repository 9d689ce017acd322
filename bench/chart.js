import { parse, View } from 'vega'
import { compile } from 'vega-lite'

// Drawn on a background of their own, as a page may be light or dark and an <img> knows nothing of it.
const background = '#fbfbfa'
const ink = '#2b2b28'
const ours = '#2a78d6'
const theirs = '#a3a29b'

/**
 * Horizontal bars with their quartiles, as SVG.
 *
 * @param bars `{ group, way, median, q1, q3 }` each; ways of the plugin's stand out
 */
export async function chart (bars, { title, subtitle, unit, isLogarithmic = false }) {
  const groups = [...new Set(bars.map(({ group }) => group))]
  const ways = [...new Set(bars.map(({ way }) => way))]
  const x = {
    type: 'quantitative',
    title: unit,
    scale: isLogarithmic ? { type: 'log' } : { zero: true },
    axis: { format: '~s', grid: true, tickCount: 5 }
  }
  const y = { field: 'way', type: 'nominal', sort: ways, title: null, axis: { ticks: false, domain: false, labelLimit: 400 } }
  // A logarithmic scale has no zero to begin at.
  const floor = isLogarithmic && { x2: { datum: Math.min(...bars.map(({ q1 }) => q1)) / 2 } }

  const layers = [
    {
      mark: { type: 'bar', height: { band: 0.72 }, cornerRadiusEnd: 2 },
      encoding: { x: { ...x, field: 'median' }, ...floor, color: { condition: { test: 'datum.isOurs', value: ours }, value: theirs } }
    },
    { mark: { type: 'rule', strokeWidth: 1.5, color: ink }, encoding: { x: { ...x, field: 'q1' }, x2: { field: 'q3' } } },
    {
      mark: { type: 'text', align: 'left', dx: 6, color: ink, fontSize: 11 },
      encoding: { x: { ...x, field: 'q3' }, text: { field: 'label', type: 'nominal' } }
    }
  ]
  const spec = {
    background,
    padding: 16,
    title: { text: title, subtitle, anchor: 'start', offset: 14, color: ink, subtitleColor: '#6b6a64', fontSize: 15, subtitleFontSize: 11 },
    data: { values: bars.map((bar) => ({ ...bar, isOurs: bar.way.startsWith('plugin'), label: labelOf(bar.median) })) },
    ...(groups.length === 1
      ? { width: 520, height: { step: 26 }, encoding: { y }, layer: layers }
      : {
          facet: { row: { field: 'group', type: 'nominal', sort: groups, title: null, header: { labelOrient: 'top', labelAnchor: 'start', labelFontSize: 12, labelPadding: 4 } } },
          spec: { width: 480, height: { step: 24 }, encoding: { y }, layer: layers },
          spacing: 14
        }),
    config: {
      font: 'system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif',
      view: { stroke: null },
      axis: { labelColor: ink, titleColor: '#6b6a64', gridColor: '#e6e5e0', domainColor: '#c9c8c2', tickColor: '#c9c8c2', labelFontSize: 11, titleFontWeight: 'normal' },
      header: { labelColor: ink }
    }
  }
  return await new View(parse(compile(spec).spec), { renderer: 'none' }).toSVG()
}

function labelOf (value) {
  return value >= 100 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(2)))
}
