import type { ServerResponse } from 'node:http'
import { firstParam } from '../http/query-string.ts'
import { send } from '../http/reply.ts'
import { readParams } from '../query/request.ts'
import { alertsStatus, groupsStatus } from '../ruler/status-json.ts'
import { type RuleCall, sendFault } from './rules.ts'

/** `GET /prometheus/api/v1/rules`: what is being evaluated, and how that went. */
export async function servePrometheusRules(call: RuleCall): Promise<void> {
  const params = await readParams(call.request)
  const type = firstParam(params, 'type')
  if (type !== '' && type !== 'alert' && type !== 'record') {
    sendFault(call.response, 400, 'bad_data', `not supported value ${JSON.stringify(type)}`)
    return
  }
  const all = (name: string): readonly string[] => params.get(name) ?? []
  const filter = { type, ruleNames: all('rule_name'), groups: all('rule_group'), files: all('file') } as const
  sendData(call.response, { groups: groupsStatus(sortedGroups(call), filter) })
}

/** `GET /prometheus/api/v1/alerts`: the alerts that are pending or firing. */
export async function servePrometheusAlerts(call: RuleCall): Promise<void> {
  const alerts = sortedGroups(call).flatMap(({ runs }) => runs.flatMap(alertsStatus))
  sendData(call.response, { alerts })
}

function sortedGroups({ ruler, tenant }: RuleCall): ReturnType<RuleCall['ruler']['groups']> {
  return ruler
    .groups(tenant)
    .sort((a, b) => compare(a.namespace, b.namespace) || compare(a.group.name, b.group.name))
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function sendData(response: ServerResponse, data: object): void {
  const body = JSON.stringify({ status: 'success', data, errorType: '', error: '' })
  // Go's encoder escapes what HTML could take for its own.
  const escaped = body.replace(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
  send(response, 200, 'application/json', escaped)
}
