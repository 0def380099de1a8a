import { type FormEvent, useState } from 'react'
import { describeRange, formatDateTime, zoneName } from '../state/format-time.ts'
import {
  endsNow,
  lastRange,
  PRESETS,
  parsePoint,
  printPoint,
  resolveRange,
  shifted,
  type TimePoint,
  type TimeRange,
  widened,
  type Zone,
} from '../state/time-range.ts'
import { Icon } from './icons.tsx'
import { Popover } from './popover.tsx'

interface TimePickerProps {
  readonly range: TimeRange
  readonly zone: Zone
  readonly open: boolean
  readonly onOpen: (open: boolean) => void
  readonly onRange: (range: TimeRange) => void
  readonly onZone: (zone: Zone) => void
}

/** Chooses the window: quick ranges, exact times, the zone; arrows move it by its own width. */
export function TimePicker({ range, zone, open, onOpen, onRange, onZone }: TimePickerProps) {
  const text = describeRange(range, zone)
  const choose = (next: TimeRange) => {
    onRange(next)
    onOpen(false)
  }
  const resolved = () => resolveRange(range, Date.now())
  return (
    <fieldset className="group" aria-label="Time range">
      <button
        type="button"
        className="button icon-only"
        aria-label="Earlier: move the time range back"
        title="Earlier"
        onClick={() => onRange(shifted(resolved(), -1, Date.now()))}
      >
        <Icon name="left" />
      </button>
      <Popover
        open={open}
        onOpen={onOpen}
        label={`Time range: ${text}. Change it`}
        align="end"
        button={
          <>
            <Icon name="clock" />
            <span className="num">{text}</span>
            <span className="muted">{zoneName(zone, Date.now())}</span>
            <Icon name="chevronDown" />
          </>
        }
      >
        <Panel range={range} zone={zone} onRange={choose} onZone={onZone} />
      </Popover>
      <button
        type="button"
        className="button icon-only"
        aria-label="Later: move the time range forward"
        title="Later"
        disabled={endsNow(range)}
        onClick={() => onRange(shifted(resolved(), 1, Date.now()))}
      >
        <Icon name="right" />
      </button>
      <button
        type="button"
        className="button icon-only"
        aria-label="Zoom out: twice the time range"
        title="Zoom out"
        onClick={() => onRange(widened(resolved(), Date.now()))}
      >
        <Icon name="zoomOut" />
      </button>
    </fieldset>
  )
}

type PanelProps = Pick<TimePickerProps, 'range' | 'zone' | 'onRange' | 'onZone'>

function Panel({ range, zone, onRange, onZone }: PanelProps) {
  return (
    <div className="time-panel">
      <ul className="time-presets" aria-label="Quick ranges">
        {PRESETS.map((preset) => {
          const quick = lastRange(preset)
          const chosen = printPoint(quick.from) === printPoint(range.from) && endsNow(range)
          return (
            <li key={preset}>
              <button
                type="button"
                className="menu-item"
                aria-pressed={chosen}
                onClick={() => onRange(quick)}
              >
                {describeRange(quick, zone)}
              </button>
            </li>
          )
        })}
      </ul>
      <div className="time-exact">
        <ExactForm
          key={zone + printPoint(range.from) + printPoint(range.to)}
          range={range}
          zone={zone}
          onRange={onRange}
        />
        <fieldset className="segmented" aria-label="Time zone">
          {(['local', 'utc'] as const).map((option) => (
            <button key={option} type="button" aria-pressed={zone === option} onClick={() => onZone(option)}>
              {option === 'utc' ? 'UTC' : `Local · ${zoneName('local', Date.now())}`}
            </button>
          ))}
        </fieldset>
      </div>
    </div>
  )
}

interface ExactFormProps {
  readonly range: TimeRange
  readonly zone: Zone
  readonly onRange: (range: TimeRange) => void
}

function ExactForm({ range, zone, onRange }: ExactFormProps) {
  const print = (point: TimePoint) =>
    point.kind === 'absolute' ? formatDateTime(point.ms, zone) : printPoint(point)
  const [from, setFrom] = useState(print(range.from))
  const [to, setTo] = useState(print(range.to))
  const start = parsePoint(from, zone)
  const end = parsePoint(to, zone)
  const nowMs = Date.now()
  const ordered = start !== null && end !== null && resolvePoint(start, nowMs) < resolvePoint(end, nowMs)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (start !== null && end !== null && ordered) onRange({ from: start, to: end })
  }
  const problem =
    start === null || end === null
      ? 'Write now, now-90m or 2026-11-21 14:00:00'
      : ordered
        ? ''
        : 'From is after to'
  return (
    <form className="time-form" onSubmit={submit}>
      <label>
        From
        <input
          value={from}
          onChange={(e) => setFrom(e.target.value)}
          aria-invalid={start === null}
          spellCheck={false}
        />
      </label>
      <label>
        To
        <input
          value={to}
          onChange={(e) => setTo(e.target.value)}
          aria-invalid={end === null}
          spellCheck={false}
        />
      </label>
      <p className="hint" role="status">
        {problem}
      </p>
      <button type="submit" className="button primary" disabled={!ordered}>
        Apply
      </button>
    </form>
  )
}

function resolvePoint(point: TimePoint, nowMs: number): number {
  return point.kind === 'absolute' ? point.ms : nowMs - point.agoMs
}
