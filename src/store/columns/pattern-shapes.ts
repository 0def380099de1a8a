import type { PatternParser } from '../types.ts'
import type { Columns } from './open-columns.ts'
import { findInShape, isAt, mayBeginAt, type ShapeText, shapeText } from './shape-text.ts'

/** Literals of a pattern that are to be found one behind the other in the values of a column. */
export interface LiteralsInside {
  readonly column: number
  /** The literals of captures [from, to), none of which is undefined. */
  readonly from: number
  readonly to: number
}

/** Where a capture is in all lines of a shape whose values contain what they must. */
export interface CapturePlace {
  /** −1: the capture is in no line. */
  readonly column: number
  /**
   * The part of the value: behind the literals of captures [from, to), and before that of capture `to` where
   * `isClosed`. Undefined for all of it.
   */
  readonly slice: { readonly from: number; readonly to: number; readonly isClosed: boolean } | undefined
  /** What the values of a line must contain for this to hold. */
  readonly needs: readonly LiteralsInside[]
}

/** Where each shape has a capture; undefined where its lines differ in that, or nothing is certain. */
export function capturePlaces(
  columns: Columns,
  pattern: PatternParser,
  name: string,
): (CapturePlace | undefined)[] {
  return Array.from({ length: columns.shapes.count }, (_, shape) =>
    placeIn(shapeText(columns, shape), pattern, name),
  )
}

/** A hole that the pattern is in the middle of. */
interface Within {
  readonly place: number
  readonly need: LiteralsInside
}

function placeIn(text: ShapeText, { lead, captures }: PatternParser, name: string): CapturePlace | undefined {
  const { length } = text.bytes
  // A pattern says nothing of an empty line.
  if (length === 0) return ABSENT
  if (text.bytes.every((byte) => byte < 0)) return undefined
  if (!isAt(text, lead, 0)) return mayBeginLine(text, lead) ? undefined : ABSENT
  const done: LiteralsInside[] = []
  let at = lead.length
  let within: Within | undefined
  for (const [i, { name: captured, literal }] of captures.entries()) {
    const found = literal === undefined ? NOWHERE : findInShape(text, literal, at)
    if (found.kind === 'unknown') return undefined
    const begun = within
    if (found.kind === 'in') {
      const isOn = within?.place === found.place
      if (within !== undefined && !isOn) done.push(within.need)
      const column = text.columns[found.place]
      const from: number = isOn && within !== undefined ? within.need.from : i
      within = { place: found.place, need: { column, from, to: i + 1 } }
    } else if (within !== undefined) {
      done.push(within.need)
      within = undefined
    }
    if (captured === name) {
      const needs = within === undefined ? done : [...done, within.need]
      const end = found.kind === 'in' ? within : found.kind === 'at' ? found.place : length
      return begun === undefined ? fromPlace(text, at, end, i, needs) : fromInside(begun, end, needs)
    }
    if (found.kind === 'nowhere') return { ...ABSENT, needs: done }
    at = found.kind === 'at' ? found.place + (literal?.length ?? 0) : found.place
  }
  return { ...ABSENT, needs: within === undefined ? done : [...done, within.need] }
}

const ABSENT: CapturePlace = { column: -1, slice: undefined, needs: [] }
const NOWHERE = { kind: 'nowhere' } as const

/** Whether some line of the shape may begin with the lead, or it is not certain that none does. */
function mayBeginLine(text: ShapeText, lead: Uint8Array): boolean {
  return text.bytes[0] < 0 || mayBeginAt(text, lead, 0)
}

/** A capture that begins where a place does. */
function fromPlace(
  { bytes, columns }: ShapeText,
  at: number,
  end: number | Within | undefined,
  capture: number,
  needs: readonly LiteralsInside[],
): CapturePlace | undefined {
  if (end === undefined || bytes[at] === undefined || bytes[at] >= 0) return undefined
  if (typeof end === 'number') {
    return end === at + 1 ? { column: columns[at], slice: undefined, needs } : undefined
  }
  if (end.place !== at) return undefined
  return { column: columns[at], slice: { from: capture, to: capture, isClosed: true }, needs }
}

/** A capture that begins in the middle of a hole. */
function fromInside(
  { place, need: { column, from, to } }: Within,
  end: number | Within | undefined,
  needs: readonly LiteralsInside[],
): CapturePlace | undefined {
  if (typeof end === 'number') {
    return end === place + 1 ? { column, slice: { from, to, isClosed: false }, needs } : undefined
  }
  return end?.place === place ? { column, slice: { from, to, isClosed: true }, needs } : undefined
}
