interface Family {
  readonly pattern: RegExp
  readonly why: string
}

const LOGS_ONLY = 'Logboom collects logs only'

/** What Alloy has for other ends than the logs of a host, with what does that instead. */
const OUT_OF_SCOPE: readonly Family[] = [
  {
    pattern: /^prometheus\./,
    why: `${LOGS_ONLY}; for metrics run Prometheus or grafana/alloy beside it`,
  },
  {
    pattern: /^otelcol\./,
    why: `${LOGS_ONLY}; its server takes logs over OTLP itself, at /otlp/v1/logs`,
  },
  { pattern: /^(?:pyroscope|beyla)\./, why: `${LOGS_ONLY}; for profiles run grafana/alloy beside it` },
  {
    pattern: /^(?:mimir|loki\.rules|prometheus\.rules)\./,
    why: 'rules are files of the server',
  },
  {
    pattern: /^faro\./,
    why: 'for logs of browsers run grafana/alloy with faro.receiver and a loki.write to here',
  },
  {
    pattern: /^loki\.source\.(?:heroku|gcplog|cloudflare|awsfirehose|azure_event_hubs|kafka)$/,
    why:
      'this source belongs to a cloud service; run grafana/alloy with it and have its loki.write push ' +
      'to the server, or to a loki.source.api',
  },
  {
    pattern: /^loki\.source\.(?:kubernetes|kubernetes_events|podlogs)$/,
    why: 'on a node, loki.source.file with /var/log/pods/*/*/*.log reads the same lines',
  },
  {
    pattern: /^loki\.source\.windowsevent$/,
    why: 'it needs Windows; run grafana/alloy there and push to here',
  },
  {
    pattern: /^loki\.source\.gelf$/,
    why: 'use the json-file or local log driver and loki.source.docker instead',
  },
  {
    pattern: /^discovery\.(?!docker$|relabel$|file$)/,
    why: 'targets are found by discovery.docker, local.file_match, or written out in discovery.relabel',
  },
  {
    pattern: /^(?:remote|database_observability|helper)\./,
    why: `${LOGS_ONLY}; see what the component was for`,
  },
]

/** What is planned, and until then refused. */
const NOT_YET: Readonly<Record<string, string>> = {
  'loki.enrich': 'use stage.static_labels, or the labels that discovery.relabel gives its targets',
}

/**
 * The message for a component of Alloy that Logboom does not have; undefined for names that Alloy does not
 * have either.
 */
export function unsupportedComponent(name: string): string | undefined {
  if (Object.hasOwn(NOT_YET, name)) return `not supported yet: ${name}; ${NOT_YET[name]}`
  const family = OUT_OF_SCOPE.find(({ pattern }) => pattern.test(name))
  return family === undefined ? undefined : `component "${name}" is out of scope: ${family.why}`
}
