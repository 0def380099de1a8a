import { useState } from 'react'
import type uPlot from 'uplot'
import type { LevelVolume, LogVolume, MsRange } from '../loki/log-volume.ts'
import { formatClock, formatDay, sameDay } from '../state/format-time.ts'
import { formatDuration, type Zone } from '../state/time-range.ts'
import { formatCount, formatShort } from './format-number.ts'
import './histogram.css'
import { themeColor, usePlot, useWidth } from './uplot-host.ts'

const HEIGHT = 104

interface HistogramProps {
  readonly volume: LogVolume | null
  readonly window: MsRange | null
  readonly error: string
  readonly loading: boolean
  /** How many lines there are, where that is known exactly: bars may reach over the ends of the range. */
  readonly exactTotal: number | null
  readonly zone: Zone
  readonly theme: 'dark' | 'light'
  /** Levels the query is held to, by label and value. */
  readonly isLevelChosen: (level: LevelVolume) => boolean
  readonly onZoom: (fromMs: number, toMs: number) => void
  readonly onZoomOut: () => void
  readonly onLevel: (level: LevelVolume) => void
}

/** Lines over time, stacked by level. Dragging zooms in, a double click zooms out, a level filters. */
export function Histogram(props: HistogramProps) {
  const { volume, window, zone, theme, onZoom, onZoomOut } = props
  const [host, width] = useWidth()
  const [hovered, setHovered] = useState<{ bar: number; left: number } | null>(null)
  const ready = volume !== null && window !== null && width > 0
  const make = ready
    ? () => chart({ volume, window, width, zone, onZoom, onZoomOut, onHover: setHovered })
    : null
  usePlot(host, make, [volume, window, width, zone, theme])
  return (
    <section className="histogram" aria-label="Volume" data-loading={props.loading || undefined}>
      <div className="histogram-legend">
        {volume?.levels.map((level) => (
          <LevelChip
            key={level.level}
            level={level}
            chosen={props.isLevelChosen(level)}
            onLevel={props.onLevel}
          />
        ))}
        <span className="spacer" />
        {volume !== null && (
          <span className="muted num">
            {countText(props.exactTotal, volume.total)} · one bar is {formatDuration(volume.stepMs)}
            {volume.withoutErrors && ' · without lines the parser cannot read'}
          </span>
        )}
      </div>
      {props.error === '' ? (
        <div
          className="histogram-plot"
          ref={host}
          role="img"
          aria-label={summary(volume)}
          style={{ height: HEIGHT }}
        >
          {hovered !== null && volume !== null && (
            <Tooltip volume={volume} zone={zone} {...hovered} width={width} />
          )}
        </div>
      ) : (
        <p className="hint">The volume cannot be counted: {props.error}</p>
      )}
    </section>
  )
}

function countText(exact: number | null, counted: number): string {
  if (exact !== null) return exact === 1 ? '1 line' : `${formatCount(exact)} lines`
  return `about ${formatCount(counted)} lines`
}

function summary(volume: LogVolume | null): string {
  if (volume === null) return 'Volume over time'
  const parts = volume.levels.map(({ level, total }) => `${formatCount(total)} ${level}`)
  return `Volume over time: ${formatCount(volume.total)} lines: ${parts.join(', ')}`
}

interface LevelChipProps {
  readonly level: LevelVolume
  readonly chosen: boolean
  readonly onLevel: (level: LevelVolume) => void
}

function LevelChip({ level, chosen, onLevel }: LevelChipProps) {
  return (
    <button
      type="button"
      className="level-chip"
      aria-pressed={chosen}
      disabled={level.filter === null}
      title={level.filter === null ? 'These lines have no level to filter on' : `Only ${level.level}`}
      onClick={() => onLevel(level)}
    >
      <i data-level={level.level} aria-hidden="true" />
      {level.level}
      <span className="num muted">{formatShort(level.total)}</span>
    </button>
  )
}

interface TooltipProps {
  readonly volume: LogVolume
  readonly zone: Zone
  readonly bar: number
  readonly left: number
  readonly width: number
}

function Tooltip({ volume, zone, bar, left, width }: TooltipProps) {
  const start = volume.barsMs[bar]
  if (start === undefined) return null
  const rows = volume.levels.filter(({ counts }) => (counts[bar] ?? 0) > 0)
  const side = left > width / 2 ? { right: width - left + 14 } : { left: left + 14 }
  const precise = volume.stepMs < 60_000
  const clock = (ms: number) => formatClock(ms, zone).slice(0, precise ? 8 : 5)
  return (
    <div className="tooltip" style={side}>
      <div className="num">
        {formatDay(start, zone)} {clock(start)} – {clock(start + volume.stepMs)}
      </div>
      {rows.length === 0 && <div className="muted">no lines</div>}
      {rows.map(({ level, counts }) => (
        <div key={level} className="tooltip-row">
          <i data-level={level} />
          {level}
          <span className="num">{formatCount(counts[bar] ?? 0)}</span>
        </div>
      ))}
    </div>
  )
}

interface ChartInput {
  readonly volume: LogVolume
  readonly window: MsRange
  readonly width: number
  readonly zone: Zone
  readonly onZoom: (fromMs: number, toMs: number) => void
  readonly onZoomOut: () => void
  readonly onHover: (hovered: { bar: number; left: number } | null) => void
}

function chart(input: ChartInput): { options: uPlot.Options; data: uPlot.AlignedData } {
  const { volume, window, width, zone } = input
  const stacked = stack(volume)
  const series: uPlot.Series[] = volume.levels.toReversed().map(({ level }) => ({
    fill: themeColor(`--level-${level}-bar`),
    width: 0,
    points: { show: false },
    paths: (u, i, from, to) => drawBars(u, i, from, to),
  }))
  const options: uPlot.Options = {
    width,
    height: HEIGHT,
    padding: [6, 0, 0, 0],
    legend: { show: false },
    scales: {
      x: { time: true, range: () => [window.fromMs / 1000, window.toMs / 1000] },
      y: { range: (_u, _min, max) => [0, Math.max(1, max * 1.05)] },
    },
    axes: axes(zone, window),
    series: [{}, ...series],
    cursor: {
      y: false,
      points: { show: false },
      drag: { x: true, y: false, setScale: false },
      bind: {
        dblclick: () => () => {
          input.onZoomOut()
          return null
        },
      },
    },
    hooks: {
      setSelect: [(u) => zoom(u, input.onZoom)],
      setCursor: [(u) => input.onHover(hoveredBar(u, volume))],
    },
  }
  return { options, data: [volume.barsMs.map((ms) => ms / 1000), ...stacked] }
}

/** Cumulative counts from the worst level up, drawn largest first so that each level covers its part. */
function stack(volume: LogVolume): number[][] {
  const sums: number[][] = []
  let below = volume.barsMs.map(() => 0)
  for (const { counts } of volume.levels) {
    below = below.map((sum, i) => sum + (counts[i] ?? 0))
    sums.unshift(below)
  }
  return sums
}

/** Bars from each bar's start to the next one's, one pixel apart. */
function drawBars(u: uPlot, seriesIndex: number, from: number, to: number): uPlot.Series.Paths {
  const fill = new Path2D()
  const xs = u.data[0]
  const ys = u.data[seriesIndex] ?? []
  const stepX = xs.length > 1 ? (xs[1] ?? 0) - (xs[0] ?? 0) : 1
  const zero = u.valToPos(0, 'y', true)
  for (let i = from; i <= to; i++) {
    const y = ys[i] ?? 0
    if (y === 0) continue
    const left = u.valToPos(xs[i] ?? 0, 'x', true)
    const right = u.valToPos((xs[i] ?? 0) + stepX, 'x', true)
    const top = Math.min(u.valToPos(y, 'y', true), zero - 1)
    fill.rect(Math.round(left), top, Math.max(1, Math.round(right) - Math.round(left) - 1), zero - top)
  }
  return { fill, stroke: new Path2D() }
}

function axes(zone: Zone, window: MsRange): uPlot.Axis[] {
  const font = `11px ${themeColor('--font-ui')}`
  const common = { font, stroke: themeColor('--muted'), ticks: { show: false } }
  const oneDay = sameDay(window.fromMs, window.toMs, zone)
  const label = (seconds: number, fine: boolean) => {
    const clock = formatClock(seconds * 1000, zone).slice(0, fine ? 8 : 5)
    return oneDay ? clock : `${formatDay(seconds * 1000, zone)} ${clock}`
  }
  return [
    {
      ...common,
      size: 22,
      gap: 3,
      space: oneDay ? 90 : 120,
      grid: { show: false },
      values: (_u, splits) => splits.map((s) => label(s, (splits[1] ?? 0) - (splits[0] ?? 0) < 60)),
    },
    {
      ...common,
      size: 44,
      gap: 6,
      space: 30,
      grid: { stroke: themeColor('--grid'), width: 1 },
      values: (_u, splits) => splits.map((n) => (Number.isInteger(n) ? formatShort(n) : '')),
    },
  ]
}

function zoom(u: uPlot, onZoom: (fromMs: number, toMs: number) => void): void {
  const { left, width } = u.select
  if (width < 4) return
  const fromMs = Math.round(u.posToVal(left, 'x') * 1000)
  const toMs = Math.round(u.posToVal(left + width, 'x') * 1000)
  u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
  if (toMs > fromMs) onZoom(fromMs, toMs)
}

function hoveredBar(u: uPlot, volume: LogVolume): { bar: number; left: number } | null {
  const { left = -1 } = u.cursor
  if (left < 0) return null
  const ms = u.posToVal(left, 'x') * 1000
  const bar = Math.floor((ms - (volume.barsMs[0] ?? 0)) / volume.stepMs)
  return { bar, left: left + u.bbox.left / devicePixelRatio }
}
