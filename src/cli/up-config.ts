/** Where the built-in collector of `logboom up` pushes to. */
export interface UpConfigOptions {
  /** E.g. `http://127.0.0.1:3100/loki/api/v1/push`. */
  readonly pushUrl: string
  /** Shown to the server as a bearer token. Default: none. */
  readonly token?: string
}

/** One file the collector follows, with the labels its lines get. */
export interface FollowedFile {
  readonly path: string
  readonly service: string
}

/**
 * The configuration `logboom up` runs where a Docker Engine answers: every container, stopped ones and
 * history included, labelled `container`, `service` (the compose service, else the container's name) and
 * `stream`. Labels of a container say how its lines are processed: see docs/container-labels.md.
 */
export function dockerConfig(host: string, options: UpConfigOptions): string {
  return `${write(options)}
discovery.docker "containers" {
	host             = ${JSON.stringify(host)}
	refresh_interval = "5s"

	filter {
		name   = "status"
		values = ["created", "restarting", "running", "paused", "exited", "dead"]
	}
}

discovery.relabel "wanted" {
	targets = discovery.docker.containers.targets

	rule {
		source_labels = ["__meta_docker_container_label_logboom_enable"]
		regex         = "(?i)false|no|off|0"
		action        = "drop"
	}
}

discovery.relabel "containers" {
	targets = []

	rule {
		source_labels = ["__meta_docker_container_name"]
		regex         = "/(.*)"
		target_label  = "container"
	}

	rule {
		source_labels = ["container"]
		target_label  = "service"
	}

	rule {
		source_labels = ["__meta_docker_container_label_com_docker_compose_service"]
		regex         = "(.+)"
		target_label  = "service"
	}

	rule {
		source_labels = ["__meta_docker_container_log_stream"]
		target_label  = "stream"
	}

	rule {
		regex       = "__meta_docker_container_label_(logboom_(?:multiline|drop|parse))"
		action      = "labelmap"
		replacement = "$1"
	}
}

logboom.container_labels "wishes" {
	forward_to = [loki.write.store.receiver]
}

loki.source.docker "containers" {
	host          = ${JSON.stringify(host)}
	targets       = discovery.relabel.wanted.output
	relabel_rules = discovery.relabel.containers.rules
	forward_to    = [logboom.container_labels.wishes.receiver]
}
`
}

/** The configuration `logboom up` runs where there is no Docker: it follows the files of the sample shop. */
export function filesConfig(files: readonly FollowedFile[], options: UpConfigOptions): string {
  const targets = files.map(({ path, service }) => {
    const label = JSON.stringify(service)
    const labels = `service = ${label}, container = ${label}, stream = "stdout"`
    return `		{ __path__ = ${JSON.stringify(path)}, ${labels} },\n`
  })
  return `${write(options)}
loki.source.file "shop" {
	targets = [
${targets.join('')}	]
	forward_to = [loki.relabel.shop.receiver]
}

loki.relabel "shop" {
	forward_to = [loki.process.shop.receiver]

	rule {
		action = "labeldrop"
		regex  = "filename"
	}
}

// A stack trace is one entry, and a line's time is the one it was written at, not read.
loki.process "shop" {
	forward_to = [loki.write.store.receiver]

	stage.multiline {
		firstline     = "^\\\\S"
		max_wait_time = "1s"
	}

	stage.json {
		expressions = { pino = "time", structlog = "timestamp" }
	}

	stage.timestamp {
		source            = "pino"
		format            = "RFC3339Nano"
		action_on_failure = "skip"
	}

	stage.timestamp {
		source            = "structlog"
		format            = "RFC3339Nano"
		action_on_failure = "skip"
	}
}
`
}

/**
 * Whoever may see the collector here may see the logs too, so what flows may be watched.
 * Never gives up on a batch: the server is this very process, and its store says when it is full.
 */
function write({ pushUrl, token }: UpConfigOptions): string {
  const bearer = token === undefined ? '' : `\n\t\tbearer_token        = ${JSON.stringify(token)}`
  return `livedebugging {
	enabled = true
}

loki.write "store" {
	endpoint {
		url                 = ${JSON.stringify(pushUrl)}${bearer}
		batch_wait          = "250ms"
		max_backoff_period  = "5s"
		max_backoff_retries = 0
	}
}
`
}
