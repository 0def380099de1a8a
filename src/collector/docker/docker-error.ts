/** The daemon answered with another status than 200. */
export class DockerError extends Error {
  readonly status: number
  /** What was asked for, without the container: `GET /containers/{id}/logs`. */
  readonly call: string

  constructor(status: number, message: string, call = '') {
    super(message)
    this.name = 'DockerError'
    this.status = status
    this.call = call
  }

  /** Whether somebody in front of the daemon does not let the call pass. */
  get isForbidden(): boolean {
    return this.status === 401 || this.status === 403
  }

  /**
   * Whether the container is just going away: it is unknown by now, or "dead or marked for removal". Not
   * worth a warning.
   */
  get isGoing(): boolean {
    return this.status === 404 || this.status === 409
  }
}

/** What the daemon says in the body of an error, `{"message": "…"}`, or the start of any other body. */
export function dockerErrorFrom(status: number, path: string, body: string): DockerError {
  let message = body.trim().slice(0, 300)
  try {
    const parsed: unknown = JSON.parse(body)
    if (typeof parsed === 'object' && parsed !== null && 'message' in parsed) message = String(parsed.message)
  } catch {
    // Not JSON: a proxy in between has answered.
  }
  const asked = path.split('?')[0]
  const call = `GET ${asked.replace(/^\/containers\/[0-9a-f]{12,}\//, '/containers/{id}/')}`
  const hint = status === 403 ? ` (a proxy in front of the socket must allow ${call})` : ''
  return new DockerError(status, `GET ${asked}: status ${status}: ${message}${hint}`, call)
}
