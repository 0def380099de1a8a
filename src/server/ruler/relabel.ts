import { errorMessage, OperatorError } from '#base/errors.ts'
import type { Labels } from '#base/labels.ts'
import { applyRules, compileRules } from '#base/relabel.ts'
import type { RelabelConfigs } from '#config/schema/relabel.ts'

/** What becomes of the labels of an alert or a sample; undefined where it is not to be sent. */
export type Relabel = (labels: Labels) => Labels | undefined

/**
 * Compiles `alert_relabel_configs` or `write_relabel_configs`, whose actions Prometheus takes in any case.
 * @throws OperatorError `ruler_relabel` naming the key, with Prometheus' text
 */
export function makeRelabel(key: string, configs: RelabelConfigs): Relabel {
  try {
    const rules = compileRules(configs.map((one) => ({ ...one, action: one.action.toLowerCase() })))
    return (labels) => applyRules(rules, labels)
  } catch (error) {
    throw new OperatorError('ruler_relabel', `ruler.${key}: ${errorMessage(error)}`)
  }
}
