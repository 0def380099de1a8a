import { expect, test } from 'vitest'

// The kernels are loaded with the first module that uses them.
process.env.LOGBOOM_KERNELS = 'off'
const { columnsSuite } = await import('./columns/differential-suite.ts')
const { loaded } = await import('#kernels/wasm.ts')

test('the kernels are off', () => {
  expect(loaded.wasm).toBeUndefined()
})

columnsSuite('columns, without kernels')
