import { healthFindings } from './compose-health.ts'
import { keyFindings } from './compose-keys.ts'
import { isOverride, servicesOf } from './compose-model.ts'
import { operationFindings } from './compose-rules.ts'
import type { Finding } from './finding.ts'
import { readYaml } from './yaml.ts'

/** Checks a compose file: what compose refuses, what never becomes healthy, what goes wrong in operation. */
export function checkCompose(path: string, text: string): Finding[] {
  const read = readYaml(text)
  if ('findings' in read) return read.findings
  const services = servicesOf(read.source)
  return [
    ...keyFindings(read.source, services),
    ...healthFindings(read.source, services),
    ...operationFindings(read.source, services, isOverride(path, services)),
  ]
}
