import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'

const css = await readFile(new URL('../../web/src/ui/theme.css', import.meta.url), 'utf8')

/** The custom properties of both themes; the light one inherits what it does not change. */
function themes(): Record<'dark' | 'light', Map<string, string>> {
  const [dark, light] = [...css.matchAll(/:root(?:\[data-theme="light"\])? \{([^}]*)\}/g)].map(([, body]) => {
    const pairs = [...(body ?? '').matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)]
    return new Map(pairs.map(([, name, value]) => [name ?? '', value ?? '']))
  })
  return { dark: dark!, light: new Map([...dark!, ...light!]) }
}

/** Relative luminance as WCAG 2.2 defines it. */
function luminance(hex: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(hex.slice(at, at + 2), 16) / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!
}

function contrast(a: string, b: string): number {
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x)
  return (light! + 0.05) / (dark! + 0.05)
}

const TEXTS = [
  ...[
    'text',
    'strong',
    'muted',
    'accent',
    'ansi-1',
    'ansi-2',
    'ansi-3',
    'ansi-4',
    'ansi-5',
    'ansi-6',
    'ansi-8',
  ],
  ...['critical', 'error', 'warn', 'info', 'debug', 'trace', 'unknown'].map((level) => `level-${level}`),
  ...['keyword', 'name', 'string', 'number', 'operator'].map((part) => `syntax-${part}`),
]
const GROUNDS = ['bg', 'surface', 'raised', 'hover', 'selected']

describe.each(['dark', 'light'] as const)('the %s theme', (theme) => {
  const colors = themes()[theme]
  const color = (name: string) => colors.get(name) ?? expect.unreachable(`no --${name}`)

  test.each(TEXTS)('%s is readable on every ground (WCAG AA)', (text) => {
    for (const ground of GROUNDS)
      expect(contrast(color(text), color(ground)), ground).toBeGreaterThanOrEqual(4.5)
  })

  test('text on buttons and marks is readable, and the focus is visible', () => {
    expect(contrast(color('accent-text'), color('accent-bg'))).toBeGreaterThanOrEqual(4.5)
    expect(contrast(color('mark-text'), color('mark-bg'))).toBeGreaterThanOrEqual(4.5)
    expect(contrast(color('focus'), color('bg'))).toBeGreaterThanOrEqual(3)
    expect(contrast(color('faint'), color('bg'))).toBeGreaterThanOrEqual(4.5)
  })
})
