import type { Direction } from '../rows/pager.ts'
import { lastRange, parsePoint, printPoint, type TimeRange, type Zone } from './time-range.ts'

/** Everything a link to this page carries. */
export interface PageState {
  /** The query that runs. Empty: everything. */
  readonly query: string
  readonly range: TimeRange
  readonly direction: Direction
  /** Fields shown as columns. */
  readonly columns: readonly string[]
  readonly zone: Zone
  readonly wrap: boolean
  readonly live: boolean
  /** The line a link points at: its time in ns since the epoch; empty for none. */
  readonly line: string
}

/** The page as it opens without anything in the address. */
export const INITIAL_STATE: PageState = {
  query: '',
  range: lastRange('1h'),
  direction: 'backward',
  columns: [],
  zone: 'local',
  wrap: false,
  live: false,
  line: '',
}

/** The state as the query part of an address, without `?`. What is at its default stays out. */
export function printState(state: PageState): string {
  const params = new URLSearchParams()
  if (state.query !== '') params.set('q', state.query)
  params.set('from', printPoint(state.range.from))
  params.set('to', printPoint(state.range.to))
  if (state.direction === 'forward') params.set('dir', 'forward')
  for (const column of state.columns) params.append('col', column)
  if (state.zone === 'utc') params.set('tz', 'utc')
  if (state.wrap) params.set('wrap', '1')
  if (state.live) params.set('live', '1')
  if (state.line !== '') params.set('line', state.line)
  return params.toString()
}

/** Reads the query part of an address; whatever is missing or unreadable takes its default. */
export function parseState(search: string): PageState {
  const params = new URLSearchParams(search)
  const zone: Zone = params.get('tz') === 'utc' ? 'utc' : 'local'
  const from = parsePoint(params.get('from') ?? '', zone)
  const to = parsePoint(params.get('to') ?? '', zone)
  const line = params.get('line') ?? ''
  return {
    query: params.get('q') ?? '',
    range: { from: from ?? INITIAL_STATE.range.from, to: to ?? INITIAL_STATE.range.to },
    direction: params.get('dir') === 'forward' ? 'forward' : 'backward',
    columns: [...new Set(params.getAll('col').filter((name) => name !== ''))],
    zone,
    wrap: params.get('wrap') === '1',
    live: params.get('live') === '1',
    line: /^\d{1,19}$/.test(line) ? line : '',
  }
}
