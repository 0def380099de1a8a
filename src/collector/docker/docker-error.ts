/** The daemon answered with another status than 200. */
export class DockerError extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.name = 'DockerError'
    this.status = status
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
  const call = path.split('?')[0]
  const hint = status === 403 ? ` (a proxy in front of the socket must allow GET ${call})` : ''
  return new DockerError(status, `GET ${call}: status ${status}: ${message}${hint}`)
}
