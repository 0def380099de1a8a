import type { Command } from 'commander'
import { parse, stringify } from 'yaml'
import { OperatorError } from '#base/errors.ts'
import { parseRuleGroup } from '#config/rules/parse-rules.ts'
import { printGroup } from '#config/rules/print-rules.ts'
import { isRawMap } from '#config/tree.ts'
import type { Output } from './query.ts'
import { addClientOptions, type ClientOptions, requestText } from './query-client.ts'
import { changeText, type RuleChange, ruleChanges } from './rules-diff.ts'
import { type RuleNamespaces, readRuleFiles } from './rules-files.ts'

/** The flags of the commands that compare. */
export interface RulesSyncOptions extends ClientOptions {
  /** Separated by commas: only these namespaces are looked at. */
  readonly namespaces?: string
}

const PATH = '/loki/api/v1/rules'

/** Mounts `logboom rules …`: what the field's tools do with the rules of any Loki. */
export function registerRules(program: Command): void {
  const rules = program.command('rules').description('look at, check and change the rules of a server')
  const add = (usage: string, about: string): Command => rules.command(usage).description(about)
  addClientOptions(add('list', 'list namespaces and groups')).action((options: ClientOptions) =>
    listRules(options, process),
  )
  addClientOptions(add('print', 'print all groups, as YAML')).action((options: ClientOptions) =>
    printRules(options, process),
  )
  addClientOptions(add('get <namespace> <group>', 'print one group, as YAML')).action(
    (namespace: string, group: string, options: ClientOptions) =>
      getRules(namespace, group, options, process),
  )
  add('check <file...>', 'check files of rules; exit 1 where something is wrong')
    .alias('lint')
    .action((files: string[]) => {
      if (!checkRules(files, process)) process.exitCode = 1
    })
  addClientOptions(add('load <file...>', 'create or replace the groups of files')).action(
    (files: string[], options: ClientOptions) => loadRules(files, options, process),
  )
  addSync(add('diff <file...>', 'show what sync would change; exit 1 where there is something')).action(
    async (files: string[], options: RulesSyncOptions) => {
      if ((await diffRules(files, options, process)) > 0) process.exitCode = 1
    },
  )
  addSync(add('sync <file...>', 'make the server have the groups of files, and no others')).action(
    (files: string[], options: RulesSyncOptions) => syncRules(files, options, process),
  )
  addClientOptions(add('delete <namespace> [group]', 'delete a group, or a whole namespace')).action(
    (namespace: string, group: string | undefined, options: ClientOptions) =>
      deleteRules(namespace, group, options, process),
  )
}

function addSync(command: Command): Command {
  return addClientOptions(command).option('--namespaces <list>', 'look at these namespaces only: a,b')
}

/** Prints a line for each group: its namespace and its name. */
export async function listRules(options: ClientOptions, output: Output): Promise<void> {
  const byName = [...(await fetchRules(options))].sort(([a], [b]) => (a < b ? -1 : 1))
  for (const [namespace, groups] of byName) {
    for (const { name, rules } of groups)
      output.stdout.write(`${namespace}\t${name}\t${rules.length} rules\n`)
  }
}

/** Prints what the server answers: namespaces with their groups, as YAML. */
export async function printRules(options: ClientOptions, output: Output): Promise<void> {
  output.stdout.write(await orNothing(requestText(options, PATH, {})))
}

/** Prints one group as YAML. @throws OperatorError `client_missing` where there is none */
export async function getRules(
  namespace: string,
  group: string,
  options: ClientOptions,
  output: Output,
): Promise<void> {
  output.stdout.write(await requestText(options, groupPath(namespace, group), {}))
}

/** Checks files, and says what is wrong with them. Returns whether nothing is. */
export function checkRules(files: readonly string[], output: Output): boolean {
  const { namespaces, faults } = readRuleFiles(files)
  for (const fault of faults) output.stdout.write(`${fault}\n`)
  const groups = [...namespaces.values()].flat()
  const rules = groups.reduce((sum, group) => sum + group.rules.length, 0)
  const found = faults.length === 0 ? 'nothing is wrong' : `${faults.length} faults`
  output.stdout.write(`${files.length} files, ${groups.length} groups, ${rules} rules: ${found}\n`)
  return faults.length === 0
}

/** Creates or replaces the groups of files. @throws OperatorError `rules_invalid` before anything is sent */
export async function loadRules(
  files: readonly string[],
  options: ClientOptions,
  output: Output,
): Promise<void> {
  for (const [namespace, groups] of wantedRules(files)) {
    for (const after of groups) {
      await apply({ namespace, name: after.name, before: undefined, after }, options)
      output.stdout.write(`${namespace}/${after.name}: loaded\n`)
    }
  }
}

/** Shows what {@link syncRules} would change. Returns how many groups that are. */
export async function diffRules(
  files: readonly string[],
  options: RulesSyncOptions,
  output: Output,
): Promise<number> {
  const changes = await changesFor(files, options)
  for (const change of changes) output.stdout.write(changeText(change))
  output.stdout.write(changes.length === 0 ? 'no differences\n' : `${changes.length} groups differ\n`)
  return changes.length
}

/**
 * Makes the server have the groups of files and no others, in all namespaces or in those that are named.
 * @throws OperatorError `rules_invalid` before anything is sent, and as `requestText`
 */
export async function syncRules(
  files: readonly string[],
  options: RulesSyncOptions,
  output: Output,
): Promise<void> {
  const changes = await changesFor(files, options)
  for (const change of changes) {
    await apply(change, options)
    const { namespace, name, before, after } = change
    const what = before === undefined ? 'created' : after === undefined ? 'deleted' : 'replaced'
    output.stdout.write(`${namespace}/${name}: ${what}\n`)
  }
  if (changes.length === 0) output.stdout.write('nothing to do\n')
}

/** Deletes a group or a namespace. @throws OperatorError as `requestText` */
export async function deleteRules(
  namespace: string,
  group: string | undefined,
  options: ClientOptions,
  output: Output,
): Promise<void> {
  const path = group === undefined ? `${PATH}/${encodeURIComponent(namespace)}` : groupPath(namespace, group)
  await requestText(options, path, {}, { method: 'DELETE' })
  output.stdout.write(`${group === undefined ? namespace : `${namespace}/${group}`}: deleted\n`)
}

async function changesFor(files: readonly string[], options: RulesSyncOptions): Promise<RuleChange[]> {
  const wanted = wantedRules(files)
  const changes = ruleChanges(await fetchRules(options), wanted)
  const only = options.namespaces?.split(',').map((name) => name.trim())
  return only === undefined ? changes : changes.filter(({ namespace }) => only.includes(namespace))
}

function wantedRules(files: readonly string[]): RuleNamespaces {
  const { namespaces, faults } = readRuleFiles(files)
  if (faults.length === 0) return namespaces
  throw new OperatorError('rules_invalid', `nothing was sent:\n  ${faults.join('\n  ')}`)
}

async function apply({ namespace, name, after }: RuleChange, options: ClientOptions): Promise<void> {
  if (after === undefined) {
    await requestText(options, groupPath(namespace, name), {}, { method: 'DELETE' })
    return
  }
  const headers = { 'content-type': 'application/yaml' }
  const path = `${PATH}/${encodeURIComponent(namespace)}`
  await requestText(options, path, {}, { method: 'POST', headers, body: printGroup(after) })
}

/** The groups that the server has; without any Loki answers 404. */
async function fetchRules(options: ClientOptions): Promise<RuleNamespaces> {
  const all: unknown = parse(await orNothing(requestText(options, PATH, {})), { schema: 'failsafe' })
  if (!isRawMap(all)) return new Map()
  return new Map(
    Object.entries(all).map(([namespace, groups]) => {
      const list: unknown[] = Array.isArray(groups) ? groups : []
      return [namespace, list.map((group) => parseRuleGroup(stringify(group)))]
    }),
  )
}

async function orNothing(answer: Promise<string>): Promise<string> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof OperatorError && /^no rule groups found/.test(error.message)) return ''
    throw error
  }
}

function groupPath(namespace: string, group: string): string {
  return `${PATH}/${encodeURIComponent(namespace)}/${encodeURIComponent(group)}`
}
