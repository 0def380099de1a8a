import type { RuleGroup } from '#config/rules/rule-group.ts'
import type { Namespaces, RuleStore } from './rule-store.ts'

/** A change to rules that is refused, with Loki's text. */
export class RuleRefused extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** How many groups and rules a tenant may have; 0 is off. */
export interface RuleCounts {
  readonly maxGroups: number
  readonly maxRulesPerGroup: number
}

/** Changes to the rules of tenants, one at a time. */
export interface RuleBook {
  /** @throws RuleRefused where a limit is passed; Error where the store is read-only or fails */
  setGroup(tenant: string, namespace: string, group: RuleGroup, counts: RuleCounts): Promise<void>
  /** Does nothing where there is no such group. */
  deleteGroup(tenant: string, namespace: string, name: string): Promise<void>
  /** @throws RuleRefused 404 where there is no such namespace */
  deleteNamespace(tenant: string, namespace: string): Promise<void>
}

/**
 * Serialises changes: each reads what is there, and writes the file of its namespace whole.
 * `changed` is awaited after each.
 */
export function makeRuleBook(store: RuleStore, changed: (tenant: string) => Promise<void>): RuleBook {
  let last: Promise<unknown> = Promise.resolve()
  const inTurn = (tenant: string, change: () => Promise<void>): Promise<void> => {
    const mine = last.then(async () => {
      await change()
      await changed(tenant)
    })
    last = mine.catch(() => undefined)
    return mine
  }
  const writable = (operation: string): void => {
    if (!store.writable) throw new Error(`${operation} unsupported in rule local store`)
  }
  return {
    setGroup: (tenant, namespace, group, counts) =>
      inTurn(tenant, async () => {
        writable('SetRuleGroup')
        const namespaces = await store.load(tenant)
        checkCounts(namespaces, group, counts)
        const groups = namespaces.get(namespace) ?? []
        const others = groups.filter(({ name }) => name !== group.name)
        const sorted = [...others, group].sort((a, b) => (a.name < b.name ? -1 : 1))
        await store.save(tenant, namespace, sorted)
      }),
    deleteGroup: (tenant, namespace, name) =>
      inTurn(tenant, async () => {
        writable('DeleteRuleGroup')
        const groups = (await store.load(tenant)).get(namespace) ?? []
        const others = groups.filter((group) => group.name !== name)
        if (others.length < groups.length) await store.save(tenant, namespace, others)
      }),
    deleteNamespace: (tenant, namespace) =>
      inTurn(tenant, async () => {
        writable('DeleteNamespace')
        const namespaces = await store.load(tenant)
        if (!namespaces.has(namespace)) throw new RuleRefused(404, 'group namespace does not exist')
        await store.save(tenant, namespace, [])
      }),
  }
}

/** Loki counts one more group than there are, also when one is only replaced. */
function checkCounts(namespaces: Namespaces, { rules }: RuleGroup, counts: RuleCounts): void {
  const { maxGroups, maxRulesPerGroup } = counts
  if (maxRulesPerGroup > 0 && rules.length > maxRulesPerGroup) {
    const numbers = `(limit: ${maxRulesPerGroup} actual: ${rules.length})`
    throw new RuleRefused(400, `per-user rules per rule group limit ${numbers} exceeded`)
  }
  const groups = [...namespaces.values()].reduce((sum, list) => sum + list.length, 0) + 1
  if (maxGroups > 0 && groups > maxGroups) {
    throw new RuleRefused(400, `per-user rule groups limit (limit: ${maxGroups} actual: ${groups}) exceeded`)
  }
}
