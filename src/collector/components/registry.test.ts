import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { formatConfig } from '../runtime/config-files.ts'
import { validateConfig } from '../runtime/link.ts'
import { diagnosticLine } from '../syntax/diagnostic.ts'
import { componentRegistry } from './registry.ts'

const root = new URL('../../../', import.meta.url)

const STAGES = `logging {
	level  = "info"
	format = "logfmt"
}

livedebugging {
	enabled = true
}

discovery.docker "containers" {
	host = "unix:///var/run/docker.sock"
}

discovery.relabel "logs" {
	targets = []

	rule {
		source_labels = ["__meta_docker_container_label_com_docker_compose_service"]
		target_label  = "service"
	}
}

loki.source.docker "all" {
	host          = "unix:///var/run/docker.sock"
	targets       = discovery.docker.containers.targets
	labels        = {platform = "docker"}
	relabel_rules = discovery.relabel.logs.rules
	forward_to    = [loki.process.app.receiver]
}

loki.process "app" {
	forward_to = [loki.write.local.receiver]

	stage.multiline {
		firstline     = "^\\\\d{4}"
		max_wait_time = "3s"
	}

	stage.json {
		expressions = {level = "level", ts = "timestamp", msg = "message"}
	}

	stage.timestamp {
		source = "ts"
		format = "RFC3339Nano"
	}

	stage.labels {
		values = {level = ""}
	}

	stage.drop {
		source     = "level"
		expression = "debug"
	}

	stage.output {
		source = "msg"
	}
}

loki.write "local" {
	endpoint {
		url = "http://loki:3100/loki/api/v1/push"

		basic_auth {
			username = "u"
			password = sys.env("LOKI_PASSWORD")
		}
	}
	external_labels = {host = constants.hostname}
}
`

describe('configurations that run unmodified', () => {
  const read = (path: string): string => readFileSync(fileURLToPath(new URL(path, root)), 'utf8')
  test.each([
    ['the lab', read('deploy/lab/alloy/config.alloy')],
    ['production', read('deploy/prod/monitoring/alloy/config.alloy')],
    ['stages between source and server', STAGES],
  ])('%s', async (_, text) => {
    expect((await validateConfig([{ name: 'config.alloy', text }])).map(diagnosticLine)).toEqual([])
    expect(formatConfig(text)).toBe(text)
  })
})

test('every definition stands under its own name', () => {
  for (const [name, definition] of componentRegistry) expect(definition.name).toBe(name)
})
