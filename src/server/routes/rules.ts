import type { IncomingMessage, ServerResponse } from 'node:http'
import { errorMessage } from '#base/errors.ts'
import { parseRuleGroup, RuleSyntaxError } from '#config/rules/parse-rules.ts'
import { printGroup, printNamespaces } from '#config/rules/print-rules.ts'
import type { RuleGroup } from '#config/rules/rule-group.ts'
import { validateGroups } from '#config/rules/validate-groups.ts'
import type { ServerContext } from '../context.ts'
import { firstParam } from '../http/query-string.ts'
import { send, sendError, TEXT_TYPE } from '../http/reply.ts'
import { requestTenants, TenantError } from '../http/tenant.ts'
import { readParams } from '../query/request.ts'
import { RuleRefused } from '../ruler/rule-book.ts'
import type { Namespaces } from '../ruler/rule-store.ts'
import type { Ruler } from '../ruler/ruler.ts'
import type { RouteCall } from './table.ts'

/** A request about the rules of a tenant. */
export interface RuleCall extends RouteCall {
  readonly ruler: Ruler
  readonly tenant: string
}

/** Answers a request about rules. */
export type RuleHandler = (call: RuleCall) => Promise<void>

const ACCEPTED = '{"status":"success","data":null,"errorType":"","error":""}'
const MAX_BODY_BYTES = 4 * 2 ** 20

/** Answers a request to the rules API with `handler`. */
export async function serveRules(call: RouteCall, handler: RuleHandler): Promise<void> {
  const { context, request, response } = call
  const tenants = requestTenants(request.headers['x-scope-orgid'], context.config)
  if (tenants.length > 1) {
    sendFault(response, 500, 'server_error', 'no org id')
    return
  }
  try {
    await handler({ ...call, ruler: rulerOf(context), tenant: tenants[0] })
  } catch (error) {
    answerFault(context, response, error)
  }
}

/** Answers a request to Prometheus' API with `handler`. */
export async function servePrometheus(call: RouteCall, handler: RuleHandler): Promise<void> {
  const { context, request, response } = call
  const tenants = requestTenants(request.headers['x-scope-orgid'], context.config)
  if (tenants.length > 1) sendFault(response, 400, 'bad_data', 'too many org ids found')
  else await handler({ ...call, ruler: rulerOf(context), tenant: tenants[0] })
}

function rulerOf({ ruler }: ServerContext): Ruler {
  if (ruler === undefined) throw new TenantError(404, '404 page not found')
  return ruler
}

/** The JSON of a fault, which goes out as text, as Loki's does. */
export function sendFault(
  response: ServerResponse,
  status: number,
  errorType: 'bad_data' | 'server_error',
  error: string,
): void {
  send(response, status, TEXT_TYPE, JSON.stringify({ status: 'error', data: null, errorType, error }))
}

function answerFault(context: ServerContext, response: ServerResponse, error: unknown): void {
  if (error instanceof RuleRefused) {
    sendError(response, error.status, `${error.message}\n`)
    return
  }
  const message = errorMessage(error)
  if (!/ unsupported in rule local store$/.test(message)) {
    context.logger.error({ err: message }, 'a request about rules failed')
  }
  sendFault(response, 500, 'server_error', message)
}

/** `GET /loki/api/v1/rules` and `…/:namespace`: the rules as YAML. */
export async function listRules({ request, response, ruler, tenant, variables }: RuleCall): Promise<void> {
  const all = await loadRules(ruler, tenant)
  const { namespace } = variables
  const wanted = [...all].filter(([name]) => namespace === undefined || name === namespace)
  if (wanted.length === 0) throw new RuleRefused(404, 'no rule groups found')
  const labels = firstParam(await readParams(request), 'labels')
  const shown = labels === '' ? wanted : withLabels(wanted, labels)
  send(response, 200, 'application/yaml', printNamespaces(shown))
}

async function loadRules(ruler: Ruler, tenant: string): Promise<Namespaces> {
  try {
    return await ruler.store.load(tenant)
  } catch (error) {
    throw new RuleRefused(400, errorMessage(error))
  }
}

/** Leaves the rules that have all of `k:v,k:v`, and what holds such rules. */
function withLabels(
  namespaces: readonly (readonly [string, readonly RuleGroup[]])[],
  text: string,
): (readonly [string, readonly RuleGroup[]])[] {
  const wanted = text.split(',').map((pair) => {
    const colon = pair.indexOf(':')
    return colon < 0 ? [pair.trim(), ''] : [pair.slice(0, colon).trim(), pair.slice(colon + 1).trim()]
  })
  const filtered = namespaces.map(([name, groups]) => {
    const some = groups.map((group) => ({
      ...group,
      rules: group.rules.filter(({ labels }) =>
        wanted.every(([key, value]) => labels.some(([k, v]) => k === key && v === value)),
      ),
    }))
    return [name, some.filter(({ rules }) => rules.length > 0)] as const
  })
  return filtered.filter(([, groups]) => groups.length > 0)
}

/** `GET /loki/api/v1/rules/:namespace/:group`. */
export async function getGroup({ response, ruler, tenant, variables }: RuleCall): Promise<void> {
  if (!ruler.store.writable) throw new RuleRefused(400, 'GetRuleGroup unsupported in rule local store')
  const groups = (await loadRules(ruler, tenant)).get(variables.namespace) ?? []
  const group = groups.find(({ name }) => name === variables.group)
  if (group === undefined) throw new RuleRefused(404, 'group does not exist')
  send(response, 200, 'application/yaml', printGroup(group))
}

/** `POST /loki/api/v1/rules/:namespace`: adds or replaces a group. */
export async function setGroup(call: RuleCall): Promise<void> {
  const { context, request, response, ruler, tenant, variables } = call
  const group = readGroup(await readBody(request))
  const problems = validateGroups([group])
  if (problems.length > 0) {
    throw new RuleRefused(400, problems.map(({ message }) => message).join(', '))
  }
  const limits = context.limits.of(tenant)
  await ruler.book.setGroup(tenant, variables.namespace, group, {
    maxGroups: limits.ruler_max_rule_groups_per_tenant,
    maxRulesPerGroup: limits.ruler_max_rules_per_rule_group,
  })
  send(response, 202, 'application/json', ACCEPTED)
}

function readGroup(text: string): RuleGroup {
  try {
    return parseRuleGroup(text)
  } catch (error) {
    if (!(error instanceof RuleSyntaxError)) throw error
    throw new RuleRefused(400, 'unable to decoded rule group')
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let received = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    received += chunk.length
    if (received > MAX_BODY_BYTES) {
      throw new RuleRefused(413, `the rule group is larger than ${MAX_BODY_BYTES} bytes; split it`)
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks, received).toString()
}

/** `DELETE /loki/api/v1/rules/:namespace/:group`. */
export async function deleteGroup({ response, ruler, tenant, variables }: RuleCall): Promise<void> {
  await ruler.book.deleteGroup(tenant, variables.namespace, variables.group)
  send(response, 202, 'application/json', ACCEPTED)
}

/** `DELETE /loki/api/v1/rules/:namespace`. */
export async function deleteNamespace({ response, ruler, tenant, variables }: RuleCall): Promise<void> {
  await ruler.book.deleteNamespace(tenant, variables.namespace)
  send(response, 202, 'application/json', ACCEPTED)
}
