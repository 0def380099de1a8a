import fc from 'fast-check'

/** Any text: all code points, lone surrogates too. */
export const anyText: fc.Arbitrary<string> = fc
  .array(fc.oneof(fc.integer({ min: 0, max: 0x10_ffff }), fc.integer({ min: 0, max: 0x7f })))
  .map((points) => String.fromCodePoint(...points))
