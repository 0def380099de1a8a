import { JSON_START, nextJsonHole } from '#store/columns/json-holes.ts'
import { nextTextHole } from '#store/columns/text-holes.ts'
import { END, REST, valueEnd } from '#store/columns/value-kinds.ts'
import type { LineShape } from '#store/types.ts'
import { HOLE } from './tokens.ts'

/** Where the message is in the lines of a shape. */
export interface MessagePlace {
  /** The key it is under. */
  readonly key: string
  /** Pattern of the line before and behind it. */
  readonly before: string
  readonly after: string
}

/** A line taken apart. */
export interface TakenApart {
  readonly shape: LineShape
  /** What is in the holes. */
  readonly values: readonly string[]
}

/** Holes of a line; what is behind the last is one more. */
const MAX_HOLES = 64

/** Takes a line apart as the store does when it makes shapes of lines. */
export function takeApart(bytes: Uint8Array, from: number, end: number): TakenApart {
  const constants: string[] = []
  const values: string[] = []
  const text = (at: number, to: number): string => Buffer.from(bytes.subarray(at, to)).toString()
  const isJson = bytes[from] === 0x7b
  let place = JSON_START
  let at = from
  let before = 0
  while (values.length < MAX_HOLES) {
    const hole = isJson ? nextJsonHole(bytes, at, end, place) : nextTextHole(bytes, at, end, before, false)
    if (hole.kind === END) {
      constants.push(text(at, end))
      return { shape: { constants, isJson }, values }
    }
    if (hole.kind === REST) break
    const to = valueEnd(hole.kind, bytes, hole.at, end)
    if (to === -1) break
    constants.push(text(at, hole.at))
    values.push(text(hole.at, to))
    at = to
    before = hole.kind
    place = hole.place ?? place
  }
  constants.push(text(at, at), '')
  values.push(text(at, end))
  return { shape: { constants, isJson }, values }
}

/** The pattern of a whole shape. */
export function shapePattern({ constants }: LineShape): string {
  return constants.join(HOLE)
}

/**
 * The hole of a shape that holds its lines' message, by the first of the keys that the shape has.
 * @returns the hole's number, −1 where there is none
 */
export function messageHole({ constants, isJson }: LineShape, keys: readonly string[]): number {
  for (const key of keys) {
    for (let hole = 0; hole + 1 < constants.length; hole++) {
      if (isJson ? endsInJsonKey(constants[hole], key) : endsInPair(constants[hole], key)) return hole
    }
  }
  return -1
}

/** Where the message of a shape is; of JSON objects nothing else tells lines apart. */
export function messagePlace(shape: LineShape, hole: number, keys: readonly string[]): MessagePlace {
  const { constants, isJson } = shape
  const ends = isJson ? endsInJsonKey : endsInPair
  const key = keys.find((each) => ends(constants[hole], each)) ?? ''
  if (isJson) return { key, before: HOLE, after: HOLE }
  return {
    key,
    before: constants.slice(0, hole + 1).join(HOLE),
    after: constants.slice(hole + 1).join(HOLE),
  }
}

function endsInJsonKey(constant: string, key: string): boolean {
  if (!constant.endsWith('"')) return false
  const head = constant.slice(0, -1).trimEnd()
  return head.endsWith(':') && head.slice(0, -1).trimEnd().endsWith(`"${key}"`)
}

function endsInPair(constant: string, key: string): boolean {
  const head = constant.endsWith('"') ? constant.slice(0, -1) : constant
  if (!head.endsWith(`${key}=`)) return false
  const before = head.at(-key.length - 2)
  return before === undefined || before <= ' '
}
