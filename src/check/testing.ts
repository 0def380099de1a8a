import { checkText } from './check.ts'
import type { Finding } from './finding.ts'

const NOW_MS = Date.parse('2026-06-01T00:00:00Z')

/** What is found in a text, on the first of June 2026. */
export async function check(path: string, text: string): Promise<readonly Finding[]> {
  return (await checkText(path, text, NOW_MS)).findings
}

/** `severity code line:column`, for exact comparison. */
export function brief(findings: readonly Finding[]): string[] {
  return findings.map(({ severity, code, line, column }) => `${severity} ${code} ${line}:${column}`)
}

/** A loki.yaml that draws hints alone. */
export const LOKI = `auth_enabled: false
common:
  path_prefix: /loki
  replication_factor: 1
  ring:
    kvstore:
      store: inmemory
schema_config:
  configs:
    - from: 2024-04-01
      store: tsdb
      object_store: filesystem
      schema: v13
      index:
        prefix: index_
        period: 24h
storage_config:
  object_store:
    filesystem:
      dir: /loki/chunks
limits_config:
  retention_period: 72h
  max_query_lookback: 72h
compactor:
  retention_enabled: true
  delete_request_store: filesystem
`

/** A config.alloy that draws nothing. */
export const ALLOY = `discovery.docker "c" {
	host = "unix:///var/run/docker.sock"
}
discovery.relabel "c" {
	targets = discovery.docker.c.targets
	rule {
		source_labels = ["__meta_docker_container_name"]
		regex         = "/(.*)"
		target_label  = "service"
	}
}
loki.source.docker "c" {
	host       = "unix:///var/run/docker.sock"
	targets    = discovery.relabel.c.output
	forward_to = [loki.process.c.receiver]
}
loki.process "c" {
	stage.json {
		expressions = { level = "" }
	}
	stage.labels {
		values = { level = "" }
	}
	forward_to = [loki.write.c.receiver]
}
loki.write "c" {
	endpoint {
		url = "http://loki:3100/loki/api/v1/push"
		max_backoff_retries = 0
	}
}
`

/** A compose file that draws nothing. */
export const COMPOSE = `services:
  loki:
    image: grafana/loki:3.7.1
    restart: unless-stopped
    ports: ["127.0.0.1:3100:3100"]
    volumes:
      - loki-data:/loki
    healthcheck:
      test: [CMD, /usr/bin/loki, -health]
    logging: &logging
      driver: json-file
      options: {max-size: 10m, max-file: "3"}
    deploy: &deploy
      resources: {limits: {memory: 512M}}
  alloy:
    image: grafana/alloy:v1.18.1
    restart: unless-stopped
    volumes:
      - /var/run/docker.sock:/var/run/docker.sock:ro
      - alloy-data:/var/lib/alloy/data
    depends_on:
      loki: {condition: service_healthy}
    logging: *logging
    deploy: *deploy
volumes:
  loki-data:
  alloy-data:
`
