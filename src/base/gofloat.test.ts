import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatGoFloat, formatGoFloatExponent, parseGoFloat } from './gofloat.ts'

describe('parseGoFloat', () => {
  test.each([
    ['5', 5],
    ['5.', 5],
    ['.5', 0.5],
    ['-1e3', -1000],
    ['1_000', 1000],
    ['0x1p4', 16],
    ['0x.8p1', 1],
    ['Inf', Infinity],
    ['-infinity', -Infinity],
    ['nan', Number.NaN],
    ['010', 10],
  ])('%s', (text, value) => expect(parseGoFloat(text)).toBe(value))

  test.each(['', 'x', '0x10', ' 1', '1 ', '1__0', '1e', '_1', '0b11', '+nan'])('refuses %j', (text) => {
    expect(() => parseGoFloat(text)).toThrow(`strconv.ParseFloat: parsing "${text}": invalid syntax`)
  })

  test('refuses what overflows', () => {
    expect(() => parseGoFloat('1e400')).toThrow('value out of range')
  })
})

describe('formatting', () => {
  test.each([
    [1e21, '1000000000000000000000'],
    [1e-7, '0.0000001'],
    [-1.5e-9, '-0.0000000015'],
    [0.1 + 0.2, '0.30000000000000004'],
    [-0, '0'],
    [Infinity, '+Inf'],
    [1.25e22, '12500000000000000000000'],
  ])('%d', (value, text) => expect(formatGoFloat(value)).toBe(text))

  test.each([
    [100000, '100000'],
    [1e6, '1e+06'],
    [12345678, '1.2345678e+07'],
    [123456.7, '123456.7'],
    [1e21, '1e+21'],
    [0.00001, '1e-05'],
    [0.0001, '0.0001'],
  ])('%d with exponent', (value, text) => expect(formatGoFloatExponent(value)).toBe(text))

  test('what is formatted parses back', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true }), (value) => {
        expect(parseGoFloat(formatGoFloat(value))).toBe(value === 0 ? 0 : value)
      }),
    )
  })
})
