import type { ResultSeries } from '#logql/engine/types.ts'
import { labelsJson, sampleSeconds, sampleText } from './text.ts'

/** About how many characters a piece of an answer has. */
const PIECE = 64 * 1024

/** The series of a matrix as a JSON array, in pieces. */
export function* matrixJson(series: readonly ResultSeries[]): Generator<string> {
  const timeText = makeTimeTexts()
  let piece = '['
  let first = true
  for (const { labels, timesMs, values } of series) {
    piece += `${first ? '' : ','}{"metric":${labelsJson(labels)},"values":[`
    first = false
    for (let i = 0; i < timesMs.length; i++) {
      piece += timeText(timesMs[i], i) + valueText(values[i]) + (i + 1 < timesMs.length ? '"],' : '"]')
      if (piece.length > PIECE) {
        yield piece
        piece = ''
      }
    }
    piece += ']}'
  }
  yield `${piece}]`
}

/**
 * How a sample begins, by its time and position in its series: series mostly have the same times at the same
 * positions, or a few positions further on.
 */
function makeTimeTexts(): (timeMs: number, position: number) => string {
  const times: number[] = []
  const texts: string[] = []
  let at = 0
  return (timeMs, position) => {
    if (position === 0) at = 0
    while (at < times.length && times[at] < timeMs) at++
    if (times[at] === timeMs) return texts[at]
    const text = `[${sampleSeconds(timeMs)},"`
    if (at === times.length) {
      times.push(timeMs)
      texts.push(text)
    }
    return text
  }
}

const KNOWN_BITS = 12
/** Values whose text is known, by a hash of their bits: samples of a query have few values, most of them. */
const knownValues = new Float64Array(1 << KNOWN_BITS).fill(Number.NaN)
const knownTexts = Array.from(knownValues, () => '')
const value = new Float64Array(1)
const words = new Uint32Array(value.buffer)

/** `sampleText`, for many values. */
function valueText(sample: number): string {
  value[0] = sample
  const hash = Math.imul(words[0] ^ Math.imul(words[1], 0x9e3779b1), 0x85ebca6b) >>> (32 - KNOWN_BITS)
  // Zero equals minus zero, whose text is another.
  if (knownValues[hash] === sample && sample !== 0) return knownTexts[hash]
  const text = sampleText(sample)
  knownValues[hash] = sample
  knownTexts[hash] = text
  return text
}
