import { setImmediate as turn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { countGarbage } from './young-garbage.ts'

/** A buffer that nobody holds when this returns. */
function dropped(): WeakRef<Buffer> {
  return new WeakRef(Buffer.allocUnsafeSlow(1 << 20))
}

test('buffers that nobody holds are gone once enough are counted', async () => {
  const refs = Array.from({ length: 6 }, dropped)
  // References that were made are held until the end of a turn.
  await turn()
  for (const _ of refs) countGarbage(1 << 20)
  await turn()
  expect(refs.filter((ref) => ref.deref() !== undefined)).toEqual([])
})
