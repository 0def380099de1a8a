import fc from 'fast-check'
import { expect, test } from 'vitest'
import { labelsText, makeLabels } from '#base/labels.ts'
import { parseLabelsText } from './labels-text.ts'

test('property: reads back every label set, whatever its values hold', () => {
  const name = fc.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_.-]{0,10}$/)
  fc.assert(
    fc.property(
      fc.dictionary(name, fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }), {
        minKeys: 1,
        maxKeys: 4,
      }),
      (record) => {
        const labels = makeLabels(record)
        expect(parseLabelsText(labelsText(labels))).toEqual(labels)
      },
    ),
  )
})

test('property: anything else is no label set, and nothing throws', () => {
  for (const text of ['', '{}', 'a="b"', '{a="b"', '{a="b" c="d"}', '{a=b}'])
    expect(parseLabelsText(text)).toBeUndefined()
  fc.assert(fc.property(fc.string(), (text) => void parseLabelsText(text)))
})
