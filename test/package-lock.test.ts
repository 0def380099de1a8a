import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

interface LockedPackage {
  readonly version?: string
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

const { packages } = JSON.parse(readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8')) as {
  readonly packages: Readonly<Record<string, LockedPackage>>
}

/** What `require(name)` would find from the package at `path`: the nearest `node_modules` that has it. */
function locked(path: string, name: string): LockedPackage | undefined {
  for (let folder = path; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))) {
    const found = packages[`${folder === '' ? '' : `${folder}/`}node_modules/${name}`]
    if (found !== undefined || folder === '') return found
  }
}

// npm leaves out builds for other platforms when it cannot fetch their description; `npm ci` then refuses the
// lock file on every machine.
test('the lock file has the builds for every platform, so that npm ci accepts it', () => {
  const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.entries(optionalDependencies)
      .filter(([name, range]) => {
        const version = locked(path, name)?.version
        return /^\d/.test(range) ? version !== range : version === undefined
      })
      .map(([name, range]) => `${name}@${range} of ${path}`),
  )
  expect(missing).toEqual([])
})
