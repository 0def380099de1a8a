import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { errorMessage } from '#base/errors.ts'
import { loadLater } from '#base/load-later.ts'
import { parseRuleFile } from '#config/rules/parse-rules.ts'
import { printRuleFile } from '#config/rules/print-rules.ts'
import type { RuleGroup } from '#config/rules/rule-group.ts'
import type { RulesLocation } from '#config/rules/rules-location.ts'

const validation = loadLater(() => import('#config/rules/validate-groups.ts'))

/** The groups of a tenant by namespace, both sorted by name. */
export type Namespaces = ReadonlyMap<string, readonly RuleGroup[]>

/** Where rules are kept: a folder for each tenant, a file for each namespace. */
export interface RuleStore {
  /** Whether rules can be set through the API. */
  readonly writable: boolean
  /** Tenants that have a folder. */
  tenants(): Promise<string[]>
  /**
   * All rules of a tenant; none where it has no folder, unless the store is read-only.
   * @throws Error naming the file, and its lines, where one cannot be used
   */
  load(tenant: string): Promise<Namespaces>
  /** Replaces the groups of a namespace; without any it is removed. Durable once it resolves. */
  save(tenant: string, namespace: string, groups: readonly RuleGroup[]): Promise<void>
}

/** A store in a folder. In one that is writable, files are named after their namespaces: `ns.yaml`. */
export function makeRuleStore({ directory, writable }: RulesLocation): RuleStore {
  return {
    writable,
    tenants: () => listTenants(directory),
    load: (tenant) => loadTenant(join(directory, tenant), writable),
    save: (tenant, namespace, groups) => saveNamespace(join(directory, tenant), namespace, groups),
  }
}

async function listTenants(directory: string): Promise<string[]> {
  try {
    const entries = await readdir(directory, { withFileTypes: true })
    return entries
      .filter((entry) => !entry.isFile() && !entry.name.startsWith('.'))
      .map(({ name }) => name)
      .sort()
  } catch (error) {
    if (isMissing(error)) return []
    throw new Error(`unable to read rule dir ${directory}: ${errorMessage(error)}`)
  }
}

async function loadTenant(folder: string, writable: boolean): Promise<Namespaces> {
  const namespaces = new Map<string, readonly RuleGroup[]>()
  for (const file of await listFiles(folder, writable)) {
    const groups = await loadFile(join(folder, file))
    if (groups.length > 0) namespaces.set(writable ? namespaceOf(file) : file, groups)
  }
  return new Map([...namespaces].sort(([a], [b]) => (a < b ? -1 : 1)))
}

async function listFiles(folder: string, writable: boolean): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true })
    const files = entries.filter((entry) => !entry.isDirectory() && !entry.name.startsWith('.'))
    return files.map(({ name }) => name).filter((name) => !writable || name.endsWith('.yaml'))
  } catch (error) {
    if (isMissing(error) && writable) return []
    const why = isMissing(error) ? `open ${folder}: no such file or directory` : errorMessage(error)
    throw new Error(`unable to read rule dir ${folder}: ${why}`)
  }
}

async function loadFile(path: string): Promise<readonly RuleGroup[]> {
  try {
    const { groups, place } = parseRuleFile(await readFile(path, 'utf8'))
    const { validateGroups } = await validation()
    const problems = validateGroups(groups)
    if (problems.length === 0) return groups
    const texts = problems.map(({ message, path }) => `line ${place(['groups', ...path]).line}: ${message}`)
    throw new Error(texts.join('; '))
  } catch (error) {
    throw new Error(`error loading rules from ${path}: ${errorMessage(error)}`)
  }
}

async function saveNamespace(folder: string, namespace: string, groups: readonly RuleGroup[]): Promise<void> {
  const path = join(folder, fileOf(namespace))
  if (groups.length === 0) {
    await rm(path, { force: true })
    return
  }
  await mkdir(folder, { recursive: true })
  await writeAtomically(path, printRuleFile(groups))
}

/** Writes a file so that a crash leaves either the old content or the new one. */
export async function writeAtomically(path: string, text: string): Promise<void> {
  const temporary = path.replace(/[^/]+$/, (name) => `.${name}.tmp`)
  const file = await open(temporary, 'w')
  try {
    await file.writeFile(text)
    await file.datasync()
  } finally {
    await file.close()
  }
  await rename(temporary, path)
}

/** The name is escaped so that no namespace leaves the folder or hides as a dot-file. */
function fileOf(namespace: string): string {
  return `${encodeURIComponent(namespace).replace(/^\./, '%2E')}.yaml`
}

function namespaceOf(file: string): string {
  const name = file.slice(0, -'.yaml'.length)
  try {
    return decodeURIComponent(name)
  } catch {
    // Somebody put the file there by hand.
    return name
  }
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT'
}
