import fc from 'fast-check'
import { expect, test } from 'vitest'
import { hashSecret, parseSecretHash, verifySecret } from './secret-hash.ts'

test('a secret fits its own hash and no other; two hashes of it differ', async () => {
  const [one, other] = [await hashSecret('teapot'), await hashSecret('teapot')]
  expect(one).not.toBe(other)
  expect(await verifySecret('teapot', parseSecretHash(one))).toBe(true)
  expect(await verifySecret('teapot', parseSecretHash(other))).toBe(true)
  expect(await verifySecret('teapot ', parseSecretHash(one))).toBe(false)
  expect(await verifySecret('', parseSecretHash(one))).toBe(false)
})

test.each([
  '',
  'teapot',
  'scrypt:15:8:1:abc:def',
  '$2b$10$abcdefghijklmnopqrstuv',
  `scrypt:30:8:1:${'a'.repeat(22)}:${'b'.repeat(43)}`,
])('%s is no hash', (text) => {
  expect(() => parseSecretHash(text)).toThrow()
})

test('whatever the text, it is a hash or refused', () => {
  const part = fc.oneof(
    fc.string(),
    fc.nat(99).map(String),
    fc.base64String({ minLength: 11, maxLength: 60 }),
  )
  fc.assert(
    fc.property(fc.array(part, { maxLength: 7 }), (parts) => {
      const text = ['scrypt', ...parts].join(':')
      try {
        const { log2N, r } = parseSecretHash(text)
        expect(2 ** log2N * r * 128).toBeLessThanOrEqual(256 * 2 ** 20)
      } catch (error) {
        expect(String(error)).toMatch(/hash-secret|parameters/)
      }
    }),
  )
})
