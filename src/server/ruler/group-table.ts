import { isDeepStrictEqual } from 'node:util'
import type { RuleGroup } from '#config/rules/rule-group.ts'
import {
  farewell,
  type GroupIdentity,
  type GroupRunner,
  type GroupWorld,
  startGroup,
} from './group-runner.ts'
import type { RuleRun } from './rule-run.ts'
import type { Namespaces } from './rule-store.ts'
import { ruleKeys } from './saved-rules.ts'

/** The groups that are being evaluated. */
export interface GroupTable {
  /** Makes a tenant's groups those of `namespaces`; whether anything changed. One call at a time. */
  update(tenant: string, namespaces: Namespaces): Promise<boolean>
  groups(tenant: string): GroupRunner[]
  tenants(): string[]
  all(): GroupRunner[]
  /** Ends all evaluations; the groups stay, to be saved. */
  stop(): Promise<void>
}

/**
 * Makes an empty table.
 * @param restore how the rules of a group that is begun were when the ruler last ran
 */
export function makeGroupTable(
  world: GroupWorld,
  restore: (identity: GroupIdentity) => (RuleRun | undefined)[],
): GroupTable {
  const table = new Map<string, Map<string, GroupRunner>>()
  const groups = (tenant: string): GroupRunner[] => [...(table.get(tenant)?.values() ?? [])]
  return {
    groups,
    tenants: () => [...table.keys()],
    all: () => [...table.keys()].flatMap(groups),
    async update(tenant, namespaces) {
      const before = new Map(table.get(tenant))
      const after = new Map<string, GroupRunner>()
      let changed = false
      for (const { key, namespace, group } of listGroups(namespaces)) {
        const old = before.get(key)
        before.delete(key)
        const same = old !== undefined && isDeepStrictEqual(old.group, group)
        changed ||= !same
        const identity = { tenant, namespace, group }
        after.set(key, same ? old : await replaceGroup(world, identity, old, restore))
      }
      for (const gone of before.values()) {
        changed = true
        await gone.stop()
        gone.forget()
        farewell(world, tenant, gone.runs, Date.now())
      }
      if (after.size === 0) table.delete(tenant)
      else table.set(tenant, after)
      return changed
    },
    async stop() {
      await Promise.all([...table.keys()].flatMap(groups).map((group) => group.stop()))
    },
  }
}

function listGroups(namespaces: Namespaces): { key: string; namespace: string; group: RuleGroup }[] {
  return [...namespaces].flatMap(([namespace, groups]) =>
    groups.map((group) => ({ key: `${namespace}\0${group.name}`, namespace, group })),
  )
}

/** Begins a group; rules that were there before the edit keep their alerts, those that are gone end. */
async function replaceGroup(
  world: GroupWorld,
  identity: GroupIdentity,
  old: GroupRunner | undefined,
  restore: (identity: GroupIdentity) => (RuleRun | undefined)[],
): Promise<GroupRunner> {
  if (old === undefined) return startGroup(world, identity, restore(identity))
  await old.stop()
  const runs = new Map(ruleKeys(old.group.rules).map((key, i) => [key, old.runs[i]]))
  const previous = ruleKeys(identity.group.rules).map((key) => {
    const run = runs.get(key)
    runs.delete(key)
    return run
  })
  farewell(world, identity.tenant, [...runs.values()], Date.now())
  return startGroup(world, identity, previous)
}
