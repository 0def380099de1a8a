import { nearest } from '#base/suggest.ts'
import { isRawMap } from '#config/tree.ts'
import type { YamlSource } from '#config/yaml-source.ts'
import { atLeast, LOKI_HEALTH_FLAG, type Tool, versionOf } from './compose-images.ts'
import { type Service, serviceFinding } from './compose-model.ts'
import type { Finding } from './finding.ts'

/** Health checks that cannot work, and waiting for health that never comes. */
export function healthFindings(source: YamlSource, services: readonly Service[]): Finding[] {
  return services.flatMap((service) => [
    ...toolFindings(source, service),
    ...healthFlagFindings(source, service),
    ...dependencyFindings(source, service, services),
  ])
}

/**
 * The command of a health check as words, and whether a shell runs it. `undefined` where there is no check.
 */
function testOf({ raw }: Service): { words: readonly string[]; shell: boolean } | undefined {
  const { healthcheck } = raw
  if (!isRawMap(healthcheck) || healthcheck.disable === true) return undefined
  const { test } = healthcheck
  if (typeof test === 'string') return { words: [test], shell: true }
  if (!Array.isArray(test) || test[0] === 'NONE') return undefined
  return { words: test.slice(1).map(String), shell: test[0] === 'CMD-SHELL' }
}

const TOOLS: readonly Tool[] = ['sh', 'bash', 'wget', 'curl', 'nc']

/** The programs that a check needs, of those we know where to find. */
function toolsNeeded({ words, shell }: { words: readonly string[]; shell: boolean }): Tool[] {
  const first = words[0]?.slice(words[0].lastIndexOf('/') + 1) ?? ''
  const script = shell ? words.join(' ') : /^(sh|bash|ash)$/.test(first) ? words.slice(1).join(' ') : ''
  const named = new Set<string>(shell ? ['sh'] : [first === 'ash' ? 'sh' : first])
  for (const command of script.split(/&&|\|\|?|;|\n|\bif\b|\bthen\b|!|\$\(|`/)) {
    const word = command
      .trim()
      .replace(/^(-\w*c\s+|exec\s+|timeout\s+\S+\s+)/, '')
      .split(/\s/)[0]
    named.add(word.slice(word.lastIndexOf('/') + 1))
  }
  return TOOLS.filter((tool) => named.has(tool))
}

function toolFindings(source: YamlSource, service: Service): Finding[] {
  const test = testOf(service)
  const { facts } = service
  if (test === undefined || facts === undefined || service.image?.unknown) return []
  const missing = toolsNeeded(test).filter((tool) => !facts.tools.has(tool))
  if (missing.length === 0) return []
  const lacks = missing.map((tool) => (tool === 'sh' ? 'shell' : tool)).join(' and no ')
  return [
    serviceFinding(source, service, ['healthcheck', 'test'], {
      code: 'compose-healthcheck-tool',
      severity: 'error',
      what: `the health check of ${service.name} can never succeed: ${facts.title} has no ${lacks}`,
      why: 'The check runs inside the container. What waits for `service_healthy` then never starts.',
      fix: 'Use what the image has:',
      example: facts.healthcheck,
    }),
  ]
}

function healthFlagFindings(source: YamlSource, service: Service): Finding[] {
  const { image } = service
  const words = testOf(service)?.words ?? []
  const asksLoki =
    words.some((word) => /(^|\/)loki$/.test(word)) && words.some((word) => /^--?health\b/.test(word))
  if (!asksLoki || image === undefined || image.unknown || !/(^|\/)grafana\/loki$/.test(image.name)) return []
  if (atLeast(versionOf(image.tag ?? 'latest'), LOKI_HEALTH_FLAG)) return []
  return [
    serviceFinding(source, service, ['healthcheck', 'test'], {
      code: 'compose-healthcheck-flag',
      severity: 'error',
      what: `the health check of ${service.name} can never succeed: Loki ${image.tag} does not know -health`,
      why: 'The flag came with Loki 3.7.',
      fix: 'Use a newer image.',
      example: 'image: grafana/loki:3.7.0',
    }),
  ]
}

function dependencyFindings(source: YamlSource, service: Service, services: readonly Service[]): Finding[] {
  const { depends_on: dependencies } = service.raw
  const conditions: readonly (readonly [name: string, condition: unknown])[] = Array.isArray(dependencies)
    ? dependencies.map((name) => [String(name), undefined])
    : isRawMap(dependencies)
      ? Object.entries(dependencies).map(([name, how]) => [name, isRawMap(how) ? how.condition : undefined])
      : []
  return conditions.flatMap(([name, condition]) => {
    const keys = isRawMap(dependencies) ? ['depends_on', name] : ['depends_on']
    const other = services.find((one) => one.name === name)
    if (other === undefined) {
      const optional =
        isRawMap(dependencies) && isRawMap(dependencies[name]) && dependencies[name].required === false
      if (optional) return []
      return [
        serviceFinding(source, service, keys, {
          code: 'compose-undefined',
          severity: 'error',
          what: `${service.name} depends on ${name}, which this file does not define`,
          why:
            'Compose refuses a file whose services depend on unknown ones (unless another -f file adds ' +
            'it).',
          fix: `Define the service ${name}, or correct the name.`,
        }),
      ]
    }
    if (condition !== undefined && !CONDITIONS.includes(String(condition)))
      return [unknownCondition(source, service, name, String(condition))]
    if (condition !== 'service_healthy' || other.raw.healthcheck !== undefined)
      return disabled(source, service, other, keys, condition)
    const certain = other.facts !== undefined && other.raw.build === undefined
    if (other.facts?.ownHealthcheck) return []
    return [
      serviceFinding(source, service, keys, {
        code: 'compose-wait-without-check',
        severity: certain ? 'error' : 'warning',
        what: `${service.name} waits for ${name} to be healthy, but ${name} has no health check`,
        why: certain
          ? 'Its image brings none either, so it never becomes healthy and compose gives up on what waits.'
          : 'Unless its image brings one, it never becomes healthy and compose gives up on what waits.',
        fix: `Give ${name} a health check, or wait with \`condition: service_started\`.`,
        example: other.facts?.healthcheck,
      }),
    ]
  })
}

const CONDITIONS: readonly string[] = ['service_started', 'service_healthy', 'service_completed_successfully']

function unknownCondition(source: YamlSource, service: Service, name: string, condition: string): Finding {
  const near = nearest(condition, CONDITIONS)
  return serviceFinding(source, service, ['depends_on', name, 'condition'], {
    code: 'compose-unknown-condition',
    severity: 'error',
    what: `\`${condition}\` is nothing that ${service.name} can wait for`,
    why: 'Compose refuses the file: it waits until a service has started, is healthy, or has ended well.',
    fix: near === undefined ? `Use one of ${CONDITIONS.join(', ')}.` : `Did you mean \`${near}\`?`,
  })
}

function disabled(
  source: YamlSource,
  service: Service,
  other: Service,
  keys: readonly string[],
  condition: unknown,
): Finding[] {
  const { healthcheck } = other.raw
  const off = isRawMap(healthcheck) && (healthcheck.disable === true || String(healthcheck.test) === 'NONE')
  if (condition !== 'service_healthy' || !off) return []
  return [
    serviceFinding(source, service, keys, {
      code: 'compose-wait-without-check',
      severity: 'error',
      what:
        `${service.name} waits for ${other.name} to be healthy, but the health check of ${other.name} ` +
        `is switched off`,
      why: 'A container without a check never becomes healthy, and compose gives up on what waits.',
      fix: 'Wait with `condition: service_started`, or switch the check on.',
    }),
  ]
}
