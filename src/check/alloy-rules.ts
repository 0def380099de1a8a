import type { Block, ConfigFile } from '#collector/syntax/ast.ts'
import {
  attributeOf,
  blocksBelow,
  blocksIn,
  keysOf,
  placeAt,
  referencesIn,
  referencesOf,
  stringOf,
  stringsOf,
} from './alloy-ast.ts'
import type { Finding } from './finding.ts'

/** Advice on a config.alloy that would start: what it does is not what its author wants. */
export function adviseAlloy(file: ConfigFile): Finding[] {
  return [
    ...sourcesWithoutLabels(file),
    ...slashRules(file),
    ...cardinality(file),
    ...writes(file),
    ...unconnected(file),
  ]
}

function finding(file: ConfigFile, offset: number, rest: Omit<Finding, 'line' | 'column'>): Finding {
  return { ...placeAt(file.source, offset), ...rest }
}

/** Whether rules give a lasting label: one whose name does not begin with `__`. */
function setsLabels(relabel: Block | undefined): boolean {
  return blocksIn(relabel?.body ?? [], 'rule').some((rule) => {
    const target = stringOf(attributeOf(rule, 'target_label')?.value)
    const action = stringOf(attributeOf(rule, 'action')?.value) ?? 'replace'
    return action === 'labelmap' || (target !== undefined && !target.startsWith('__'))
  })
}

/** The block that an expression such as `discovery.relabel.x.rules` points at. */
function referred(file: ConfigFile, reference: string): Block | undefined {
  const [kind, name, label] = reference.split('.')
  return file.body.find(
    (one): one is Block => one.kind === 'block' && one.name === `${kind}.${name}` && one.label === label,
  )
}

function sourcesWithoutLabels(file: ConfigFile): Finding[] {
  return blocksIn(file.body, 'loki.source.docker').flatMap((block) => {
    if (keysOf(attributeOf(block, 'labels')?.value).length > 0) return []
    const feeds = ['targets', 'relabel_rules'].flatMap((name) => {
      const attribute = attributeOf(block, name)
      return attribute === undefined ? [] : referencesIn(attribute.value)
    })
    const blocks = feeds.map((reference) => referred(file, reference))
    // Targets that do not come from Docker's discovery alone may well carry labels.
    if (blocks.length === 0 || blocks.some((one) => one === undefined)) return []
    if (
      blocks.some(
        (one) => one?.name !== 'discovery.docker' && (setsLabels(one) || !one?.name.includes('relabel')),
      )
    ) {
      return []
    }
    const name = block.label ?? 'default'
    return [
      finding(file, block.start, {
        code: 'alloy-no-labels',
        severity: 'warning',
        what: 'the lines of this source have no labels, so those of all containers become one stream',
        why:
          "Docker's targets carry only labels that begin with `__`, and these are dropped before sending. " +
          'Loki files such lines under service_name="unknown_service", or refuses them where it finds ' +
          'no service names.',
        fix: 'Make labels with relabel rules.',
        example:
          `discovery.relabel "${name}" {\n\ttargets = []\n\trule {\n\t\tsource_labels = ` +
          `["__meta_docker_container_name"]\n` +
          `\t\tregex         = "/(.*)"\n\t\ttarget_label  = "container"\n\t}\n}\n` +
          `loki.source.docker "${name}" {\n\t…\n\trelabel_rules = discovery.relabel.${name}.rules\n}`,
      }),
    ]
  })
}

/**
 * Docker's container names begin with a slash; a regex is anchored, so one that begins otherwise never fits.
 */
function slashRules(file: ConfigFile): Finding[] {
  return blocksBelow(file.body, /^rule$/).flatMap((rule) => {
    const labels = stringsOf(attributeOf(rule, 'source_labels')?.value)
    const regex = attributeOf(rule, 'regex')
    const pattern = stringOf(regex?.value)
    const action = stringOf(attributeOf(rule, 'action')?.value) ?? 'replace'
    if (labels?.length !== 1 || labels[0] !== '__meta_docker_container_name') return []
    if (regex === undefined || pattern === undefined || mayMatchSlash(pattern)) return []
    const effects: Record<string, string> = {
      keep: 'so this rule keeps nothing and no container is collected',
      drop: 'so this rule drops nothing',
      replace: 'so the target label is never set',
    }
    const effect = effects[action]
    if (effect === undefined) return []
    return [
      finding(file, regex.value.start, {
        code: 'alloy-name-slash',
        severity: action === 'keep' ? 'error' : 'warning',
        what: `the regex matches no container name, ${effect}`,
        why: "Docker's names begin with a slash (`/order-api`), and the regex must match the whole name.",
        fix: 'Begin the regex with a slash.',
        example: `regex = "/${/[|]/.test(pattern) && !/^\(.*\)$/.test(pattern) ? `(${pattern})` : pattern}"`,
      }),
    ]
  })
}

/** Whether a text that begins with `/` may fit; false only where it certainly cannot. */
function mayMatchSlash(pattern: string): boolean {
  return (
    pattern === '' || /^[(^]*(\?[:imsU]+)*[(]*([.[\\/*]|\?)/.test(pattern) || /\|\(*[.[\\/]|\//.test(pattern)
  )
}

/** Names of values that hardly repeat: as a label, each makes a stream of its own. */
const ID_NAMES = new Set(
  (
    'request_id req_id trace_id span_id correlation_id transaction_id session_id user_id customer_id ' +
    'order_id message_id job_id event_id connection_id id uuid guid ip client_ip remote_addr url uri path ' +
    'query timestamp ts time duration duration_ms latency msg message'
  )
    .split(' ')
    .map((name) => name.replaceAll('_', '')),
)

function hardlyRepeats(name: string): boolean {
  // `requestId`, `request-id` and `request_id` are one name.
  return ID_NAMES.has(name.toLowerCase().replaceAll(/[_-]/g, ''))
}

function cardinality(file: ConfigFile): Finding[] {
  const found: Finding[] = []
  const report = (name: string, offset: number, insideStages: boolean): void => {
    if (!hardlyRepeats(name)) return
    found.push(
      finding(file, offset, {
        code: 'alloy-high-cardinality',
        severity: 'warning',
        what: `the label ${name} makes a stream of its own for every value`,
        why:
          'Streams are meant for a few hundred sources; thousands of tiny ones slow everything down and ' +
          'hit limits.',
        fix: insideStages
          ? 'Keep it as structured metadata: found as fast, without a stream each.'
          : `Leave it in the line and search with \`| json | ${name}="…"\`.`,
        example: insideStages ? `stage.structured_metadata {\n\tvalues = { ${name} = "" }\n}` : undefined,
      }),
    )
  }
  for (const stage of blocksBelow(file.body, /^stage\.(labels|static_labels)$/)) {
    for (const { name, offset } of keysOf(attributeOf(stage, 'values')?.value)) report(name, offset, true)
  }
  for (const rule of blocksBelow(file.body, /^rule$/)) {
    const target = attributeOf(rule, 'target_label')
    const name = stringOf(target?.value)
    if (target !== undefined && name !== undefined) report(name, target.value.start, false)
  }
  return found
}

function writes(file: ConfigFile): Finding[] {
  return blocksIn(file.body, 'loki.write').flatMap((write) =>
    blocksIn(write.body, 'endpoint').flatMap((endpoint) => [
      ...pushPath(file, endpoint),
      ...retries(file, endpoint),
    ]),
  )
}

function pushPath(file: ConfigFile, endpoint: Block): Finding[] {
  const attribute = attributeOf(endpoint, 'url')
  const url = stringOf(attribute?.value)
  // Anything but a whole http address is an error of its own: the component says so when it is built.
  if (attribute === undefined || url === undefined || !/^https?:\/\/./.test(url)) return []
  if (!URL.canParse(url)) return []
  if (/\/(loki\/api\/v1|api\/prom)\/push$/.test(new URL(url).pathname)) return []
  return [
    finding(file, attribute.value.start, {
      code: 'alloy-push-path',
      severity: 'warning',
      what: `${url} is not where Loki takes logs in`,
      why:
        'The url must be the whole push address; anything else is answered with 404, and 404 drops the ' +
        'lines.',
      fix: 'Write the whole address.',
      example: `url = "${new URL('/loki/api/v1/push', url).href}"`,
    }),
  ]
}

function retries(file: ConfigFile, endpoint: Block): Finding[] {
  if (attributeOf(endpoint, 'max_backoff_retries') !== undefined) return []
  return [
    finding(file, endpoint.start, {
      code: 'alloy-retries',
      severity: 'hint',
      what: 'lines are dropped when the server is away for longer than about ten minutes',
      why: 'A batch is tried 10 times by default, with growing pauses, and then given up.',
      fix: 'Let it try for ever; the sources wait meanwhile and go on where they stopped.',
      example: 'endpoint {\n\t…\n\tmax_backoff_retries = 0\n}',
    }),
  ]
}

/** Components that do something only when another uses what they export. */
const NEEDS_USE = /^(discovery\..+|local\.file_match|loki\.(process|relabel|write|echo))$/

function unconnected(file: ConfigFile): Finding[] {
  const used = referencesOf(file.body)
  return file.body.flatMap((block) => {
    if (block.kind !== 'block' || !NEEDS_USE.test(block.name)) return []
    const id = block.label === undefined ? block.name : `${block.name}.${block.label}`
    if (used.some((reference) => reference === id || reference.startsWith(`${id}.`))) return []
    return [
      finding(file, block.start, {
        code: 'alloy-unconnected',
        severity: 'warning',
        what: `nothing uses ${id}`,
        why:
          'Components work only through what others take from them: targets, rules, a receiver in ' +
          '`forward_to`.',
        fix: 'Refer to it where it is meant to be used, or remove it.',
      }),
    ]
  })
}
