import { useState } from 'react'
import type uPlot from 'uplot'
import type { Series } from '../loki/api.ts'
import type { MsRange } from '../loki/log-volume.ts'
import { formatClock, formatDay, sameDay } from '../state/format-time.ts'
import type { Zone } from '../state/time-range.ts'
import { formatShort } from './format-number.ts'
import { PlainText } from './log-text.tsx'
import { themeColor, usePlot, useWidth } from './uplot-host.ts'

interface MetricChartProps {
  readonly series: readonly Series[]
  readonly window: MsRange
  readonly zone: Zone
  readonly theme: 'dark' | 'light'
  readonly onZoom: (fromMs: number, toMs: number) => void
}

const HEIGHT = 280
/** More lines than this on one chart tell nothing; the table still has all of them. */
const DRAWN = 50
const HUES = [212, 28, 140, 330, 48, 265, 180, 0, 95, 300]

/** The result of a metric query: a line chart and the latest value of each series. */
export function MetricChart({ series, window, zone, theme, onZoom }: MetricChartProps) {
  const [host, width] = useWidth()
  const [only, setOnly] = useState<number | null>(null)
  const shown = series.slice(0, DRAWN)
  const make = width > 0 ? () => chart({ series: shown, window, width, zone, only, onZoom }) : null
  usePlot(host, make, [series, window, width, zone, theme, only])
  return (
    <div className="metric">
      <div
        ref={host}
        className="histogram-plot"
        role="img"
        aria-label={`Chart of ${series.length} series`}
        style={{ height: HEIGHT }}
      />
      {series.length > DRAWN && (
        <p className="hint">The first {DRAWN} series are drawn; the table has all.</p>
      )}
      <table className="metric-table">
        <thead>
          <tr>
            <th>series</th>
            <th>last</th>
            <th>min</th>
            <th>max</th>
          </tr>
        </thead>
        <tbody>
          {series.map((one, i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the answer's order is the series' identity here
            <tr key={i} data-off={(only !== null && only !== i) || undefined}>
              <td>
                <button
                  type="button"
                  className="series-name mono"
                  aria-pressed={only === i}
                  onClick={() => setOnly(only === i ? null : i)}
                >
                  <i style={{ background: color(i) }} aria-hidden="true" />
                  <PlainText text={nameOf(one)} />
                </button>
              </td>
              <td className="num">{value(one.values.at(-1))}</td>
              <td className="num">
                {value(one.values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY))}
              </td>
              <td className="num">
                {value(one.values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY))}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function value(n: number | undefined): string {
  return n === undefined ? '–' : n.toLocaleString('en-US', { maximumFractionDigits: 3 })
}

function nameOf(series: Series): string {
  const labels = Object.entries(series.labels).map(([name, text]) => `${name}="${text}"`)
  return labels.length === 0 ? 'value' : labels.join(', ')
}

function color(i: number): string {
  return `oklch(0.66 0.14 ${HUES[i % HUES.length]})`
}

interface ChartInput {
  readonly series: readonly Series[]
  readonly window: MsRange
  readonly width: number
  readonly zone: Zone
  readonly only: number | null
  readonly onZoom: (fromMs: number, toMs: number) => void
}

function chart(input: ChartInput): { options: uPlot.Options; data: uPlot.AlignedData } {
  const { series, window, zone } = input
  const times = [...new Set(series.flatMap((one) => one.timesMs))].sort((a, b) => a - b)
  const columns = series.map((one) => {
    const byTime = new Map(one.timesMs.map((ms, i) => [ms, one.values[i]]))
    return times.map((ms) => byTime.get(ms) ?? null)
  })
  const oneDay = sameDay(window.fromMs, window.toMs, zone)
  const label = (s: number) => {
    const clock = formatClock(s * 1000, zone).slice(0, 5)
    return oneDay ? clock : `${formatDay(s * 1000, zone)} ${clock}`
  }
  const axis = {
    font: `11px ${themeColor('--font-ui')}`,
    stroke: themeColor('--muted'),
    ticks: { show: false },
  }
  const options: uPlot.Options = {
    width: input.width,
    height: HEIGHT,
    legend: { show: false },
    scales: { x: { time: true, range: () => [window.fromMs / 1000, window.toMs / 1000] } },
    axes: [
      { ...axis, grid: { show: false }, space: 110, values: (_u, splits) => splits.map(label) },
      {
        ...axis,
        size: 56,
        grid: { stroke: themeColor('--grid'), width: 1 },
        values: (_u, splits) => splits.map(formatShort),
      },
    ],
    series: [
      {},
      ...series.map((_one, i) => ({
        stroke: color(i),
        width: 1.5,
        show: input.only === null || input.only === i,
        points: { show: times.length === 1 },
      })),
    ],
    cursor: { drag: { x: true, y: false, setScale: false } },
    hooks: {
      setSelect: [
        (u) => {
          const { left, width } = u.select
          if (width < 4) return
          input.onZoom(
            Math.round(u.posToVal(left, 'x') * 1000),
            Math.round(u.posToVal(left + width, 'x') * 1000),
          )
        },
      ],
    },
  }
  return { options, data: [times.map((ms) => ms / 1000), ...columns] as uPlot.AlignedData }
}
